"""The words everybody shares: plain frozen data, errors, clocks. No I/O, no threads."""
