"""The HTTP API under `/api/v1/`: reads requests, asks `orchestration.access`, calls actions.

Its contract is docs/reference/http-api.md.
"""
