"""Asyncio building blocks: supervision, backoff, child processes. No knowledge of the product."""
