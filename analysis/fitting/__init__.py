"""Spectral fits: a model's photon flux, folded with the response, against the rates of a spectrum.

`models` has the models, `folding` brings spectrum and response together, `minimising` finds the
best parameters, `results` is what it found and its files, `picture` draws it, `steps` are the nodes
of the graph. All of it is pure: numbers in, numbers out.
"""
