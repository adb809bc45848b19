"""A critic of the written song: what is in the score, its sung line and its words, measured and judged.

``verdict.judge`` gives the four scores that the gates stand on, a fifth for words where they are sung, and every
measure under them by name. It reads the performed score and not the material that the score was made from, so that a
score that was spoilt on its way is found out. The measures themselves take plain arrays and judge any music.
"""
