"""What the page and our commands ask about points: plans, SQL, series, and what is live."""
