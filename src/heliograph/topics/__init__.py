"""The topics of a broker as a tree in bounded memory: what hub and terminal show of them."""
