"""Count rates of SPI-ACS, which sees all of the sky at once, and best of all when something happens.

`rebinning` is arithmetic, `picture` draws, `steps` makes both steps of graphs.
"""
