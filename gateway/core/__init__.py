"""What every protocol of the gateway needs: clients, hydration, rules, errors, middleware."""
