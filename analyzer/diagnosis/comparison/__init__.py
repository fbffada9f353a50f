"""Two captures compared by what their associations do: the first difference that matters, then the rest."""
