"""From a question to columns: a plan that knows no engine, its SQL, and the pool that runs it."""
