# SPDX-License-Identifier: MIT
"""The spectrogram that Whisper takes, and a hummed tone to make one of."""
import numpy as np

RATE, WINDOW, HOP = 16000, 400, 160


def hum(seconds, seed=0):
    """A voice-like tone with vibrato in bursts, and a little noise, as float32 values."""
    time, rng = np.arange(int(seconds * RATE)) / RATE, np.random.Generator(np.random.PCG64(seed))
    tone = sum(np.sin(2 * np.pi * 110 * k * time * (1 + 0.02 * np.sin(30 * time))) / k for k in range(1, 9)) * np.exp(-((time % 1.5) - 0.4) ** 2 * 9)
    return (0.1 * tone + 0.001 * rng.standard_normal(len(time))).astype(np.float32).astype(np.float64)


def filters(bins):
    """[bins, WINDOW/2 + 1]: Slaney's triangles, each of one area; the scale is linear up to 1000 Hz (15 mel), then logarithmic."""
    def hertz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))
    edges, at = hertz(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), bins + 2)), np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(np.minimum((at - low) / (middle - low), (high - at) / (high - middle)), 0) * 2 / (high - low)


def log_mel(wave, bins=80, seconds=30):
    """wave, cut or filled with silence to so many seconds -> (bins, 100 seconds): decibels of a kind, at most 8 decades below the loudest."""
    wave = np.pad(wave[:seconds * RATE], (0, max(0, seconds * RATE - len(wave))))
    wave = np.pad(wave, WINDOW // 2, "reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP][:-1] * window
    x = np.log10(np.maximum(filters(bins) @ (np.abs(np.fft.rfft(frames, axis=1)) ** 2).T, 1e-10))
    return (np.maximum(x, x.max() - 8) + 4) / 4
