"""Calibration and validation: uncertain inputs narrowed by what was recorded, forecasts scored by what came after."""
