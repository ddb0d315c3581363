"""Solvers for blind deblurring: an image and the kernel that blurred it."""
