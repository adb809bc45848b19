"""From materials to a full score: form, energy, who plays when, the sung line."""
