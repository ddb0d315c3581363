"""What is asked for: matrices and the cells they expand to."""
