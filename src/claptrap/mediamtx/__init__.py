"""MediaMTX, the RTSP server beside us: fetched, configured, kept running, and asked what it serves."""
