"""Matrix, cells, workers, records."""
