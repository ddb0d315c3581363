"""Records: on disk, as a table, and as results with their reconstructions."""
