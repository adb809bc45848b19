"""What a composition is asked to be and what was resolved: schema, request, failures. Data only."""
