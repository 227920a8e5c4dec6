// A worn battery (31.2 Wh left of 57.0) and its power supply, as an ACPI table for an emulated laptop.
DefinitionBlock ("", "SSDT", 2, "REBOND", "BATTERY", 1)
{
    Scope (\_SB)
    {
        Device (AC0)
        {
            Name (_HID, "ACPI0003")
            Name (_PCL, Package () { \_SB })
            Method (_PSR) { Return (1) }
        }
        Device (BAT0)
        {
            Name (_HID, EisaId ("PNP0C0A"))
            Name (_UID, 1)
            Name (_PCL, Package () { \_SB })
            Method (_STA) { Return (0x1F) }
            Method (_BIX)
            {
                Return (Package ()
                {
                    0, 0,             // revision; mW and mWh
                    57000, 31200, 1, 11400,   // new, full now, rechargeable, mV
                    3000, 1000, 812,  // warn, low, cycles
                    95000, 0xFFFFFFFF, 0xFFFFFFFF, 1000, 1000, 100, 100,
                    "45N1111", "1234", "LION", "SANYO"
                })
            }
            Method (_BST) { Return (Package () { 2, 15000, 20000, 12100 }) }
        }
    }
}
