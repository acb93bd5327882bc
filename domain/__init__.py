"""What is true: the words of the work, the rules, and the case files."""
