"""Training: the only room with torch (and kernels.py, its fused kernels)."""
