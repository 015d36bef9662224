"""Recorded traffic: made by ``make record``, kept in ``cassettes/``, replayed and searched for secrets by the tests here."""
