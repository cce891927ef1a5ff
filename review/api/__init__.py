"""The Literal AI API: GraphQL over POST, and the few REST routes beside it. The only package that knows GraphQL."""
