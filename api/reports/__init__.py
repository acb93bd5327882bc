"""Reports: the monthly sheet (`projections.monthly`) as a page, a file, a chart: how it reads, never what it says."""
