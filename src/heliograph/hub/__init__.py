"""The hub: joins broker, stream, store, query and API into one program. Start reading at run.py."""
