"""What is printed on the keys of a French keyboard, by the kernel's code of their place (input-event-codes.h)."""

NAMES: dict[int, str] = {
    1: "Échap", 41: "²", 2: "&", 3: "é", 4: '"', 5: "'", 6: "(", 7: "-", 8: "è", 9: "_", 10: "ç", 11: "à", 12: ")",
    13: "=", 14: "Effacer", 15: "Tab", 16: "A", 17: "Z", 18: "E", 19: "R", 20: "T", 21: "Y", 22: "U", 23: "I",
    24: "O", 25: "P", 26: "^", 27: "$", 28: "Entrée", 58: "Verr. maj.", 30: "Q", 31: "S", 32: "D", 33: "F", 34: "G",
    35: "H", 36: "J", 37: "K", 38: "L", 39: "M", 40: "ù", 43: "*", 42: "Maj. gauche", 86: "<", 44: "W", 45: "X",
    46: "C", 47: "V", 48: "B", 49: "N", 50: ",", 51: ";", 52: ":", 53: "!", 54: "Maj. droite", 29: "Ctrl gauche",
    56: "Alt", 57: "Espace", 100: "Alt Gr", 103: "Haut", 105: "Gauche", 106: "Droite", 108: "Bas", 111: "Suppr",
}  # fmt: skip

# Told when pressed, never missed: laptops hide them behind Fn, or do without.
ALSO: dict[int, str] = {
    59: "F1", 60: "F2", 61: "F3", 62: "F4", 63: "F5", 64: "F6", 65: "F7", 66: "F8", 67: "F9", 68: "F10", 87: "F11",
    88: "F12", 97: "Ctrl droite", 102: "Début", 104: "Page haut", 107: "Fin", 109: "Page bas", 110: "Inser",
    125: "Windows", 127: "Menu", 69: "Verr. num.", 71: "Pavé 7", 72: "Pavé 8", 73: "Pavé 9", 74: "Pavé -",
    75: "Pavé 4", 76: "Pavé 5", 77: "Pavé 6", 78: "Pavé +", 79: "Pavé 1", 80: "Pavé 2", 81: "Pavé 3", 82: "Pavé 0",
    83: "Pavé .", 96: "Pavé Entrée", 98: "Pavé /", 55: "Pavé *",
}  # fmt: skip
