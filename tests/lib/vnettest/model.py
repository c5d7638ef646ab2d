# SPDX-License-Identifier: GPL-2.0
"""What the model decides, computed a second time and independently.

Draws are those of kmod/model/random.rs (Philox-4x32-10, Salmon et al., SC 2011),
a function of seed, direction, effect and frame number.
"""

import math

ONE = 10**19            # certainty, in parts of which probabilities are given

DUPLICATE, BER, RANDOM, GILBERT_ELLIOTT, FOUR_STATE, CORRUPT, JITTER, REORDER = range(1, 9)


def _philox(counter, key):
    mask = 0xFFFFFFFF
    for _ in range(10):
        even, odd = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [(odd >> 32) ^ counter[1] ^ key[0], odd & mask,
                   (even >> 32) ^ counter[3] ^ key[1], even & mask]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return counter


class Source:
    """Draws of one direction: 0 is from a to b."""

    def __init__(self, seed, direction=0):
        self.key, self.direction = [seed & 0xFFFFFFFF, seed >> 32], direction

    def draw(self, effect, number, copy=False):
        """Two words of 64 bits."""
        block = _philox([number & 0xFFFFFFFF, number >> 32, effect | copy << 8, self.direction],
                        self.key)
        return block[0] << 32 | block[1], block[2] << 32 | block[3]

    def hits(self, parts, effect, number, copy=False):
        """Whether something of that probability happens to the frame."""
        return hits(parts, self.draw(effect, number, copy)[0])


def hits(parts, draw):
    """Whether a draw is a hit; probabilities are binary fractions of 64 bits."""
    return draw < parts * (1 << 64) // ONE


class GilbertElliott:
    """Which frames the chain loses."""

    def __init__(self, source, p, r, h=0, k=ONE):
        self.source, self.bad, self.leave, self.keep = source, 0, (p, r), (k, h)

    def loses(self, number):
        """By the state that the frame finds."""
        step, loss = self.source.draw(GILBERT_ELLIOTT, number)
        lost = hits(ONE - self.keep[self.bad], loss)
        self.bad ^= hits(self.leave[self.bad], step)
        return lost


class FourState:
    """Which frames the chain loses; states as in netem's loss_4state()."""

    def __init__(self, source, p13, p31, p32, p23, p14):
        self.source, self.state = source, 1
        # From each state: (probability, next) in this order.
        self.ways = {1: ((p14, 4), (p13, 3)), 2: ((p23, 3),), 3: ((p32, 2), (p31, 1)),
                     4: ((ONE, 1),)}

    def loses(self, number):
        """The state steps first."""
        draw, sum_ = self.source.draw(FOUR_STATE, number)[0], 0
        for parts, following in self.ways[self.state]:
            sum_ += parts
            if hits(sum_, draw):
                self.state = following
                break
        return self.state in (3, 4)


def survival(ber, bits):
    """Probability that so many bits are without error; ber in parts."""
    return math.exp(bits * math.log1p(-ber / ONE))
