"""The way from a gateway to its hub: the streams of the one are read on for the other."""
