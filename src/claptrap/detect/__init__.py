"""Pure hearing: arrays in, claps out. No clock, thread, queue, socket or logging."""
