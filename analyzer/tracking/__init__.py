"""Protocol state: conversations, links, associations, exchanges; the only place that keeps any."""
