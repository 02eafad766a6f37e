"""What every store that speaks GraphQL over HTTP has in common: one request, its answer, tokens, documents."""
