"""Runs rollouts on the real nginx and HAProxy beside podloss' prediction."""
