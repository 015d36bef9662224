"""Killable processes: what may run away (parsing, expanding) runs where the kernel can stop it (D6–D10, T15)."""
