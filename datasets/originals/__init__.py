"""The public files that measured datasets are made from: address, commit and SHA-256 of each, and how they become one file."""
