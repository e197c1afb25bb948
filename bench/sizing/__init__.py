"""The capacity model: demand by people, unit costs that were measured, and what breaks first."""
