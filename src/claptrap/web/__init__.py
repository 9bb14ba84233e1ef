"""The page and its API: Flask, Socket.IO and uvicorn live here and nowhere else."""
