"""Roost's services: one package a service, and the chassis that all of them stand on."""
