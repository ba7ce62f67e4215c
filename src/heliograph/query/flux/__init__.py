"""The part of Flux that dashboards and clients use."""
