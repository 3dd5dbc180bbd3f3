"""Makes ``tests.build`` importable from every test."""
