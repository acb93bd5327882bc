"""The log that makes the events provable: a Merkle tree over the stored bytes, in tiles, under signed checkpoints.

Read `merkle` → `leaves` → `tiles` → `notes` → `checkpoints` → `heads` → `keys` → `sealing` → `frontier` → `verifying`;
for what a running service does, `sealer` → `receipts` → `notary`; for stamps by others `stamps`;
for one case as a file `bundles` → `bundling` → `bundle_checking` → `bundle_reading`. FORMAT.md says it on one page.
"""
