"""From trees to answers: what a SELECT means, the SQL of its aggregates, and what is done with their rows."""
