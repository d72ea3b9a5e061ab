"""Count rates of SPI-ACS, which sees all of the sky at once: no image, but bursts.

`rebinning` is arithmetic, `picture` draws, `steps` makes both steps of graphs.
"""
