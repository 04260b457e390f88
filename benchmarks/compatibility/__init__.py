"""Which technique works on which kind of network: right, or refused in a sentence; computed, never claimed.

"right" is no comparison with this package. Gradients and maps are those of a tf.GradientTape around the model itself,
contributions add up to differences of the model's own answers, and what asks questions is asked again through `model.predict`.
Compared is the difference between two classes where it can be: log p of one minus log p of another is the difference of
their logits, whatever the head is, and wherever in the model the logits are.
"""
