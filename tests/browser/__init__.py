"""Tests that click through the page in a real Chromium."""
