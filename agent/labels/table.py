"""The vocabulary: one line per fact path, `path | français | English`. Tests hold it complete against facts.py."""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split("|") for line in text.strip().splitlines() if line.strip())
    return {row[0].strip(): tuple(cell.strip() for cell in row[1:]) for row in rows}


FACTS = _table(
    """
system.maker | Marque | Maker
system.product | Modèle | Model
system.version | Version du modèle | Model version
system.family | Gamme | Family
system.sku | Référence | SKU
system.serial | Numéro de série | Serial number
system.uuid | Identifiant UUID | UUID
system.board_maker | Marque de la carte mère | Board maker
system.board_product | Carte mère | Board
system.board_version | Version de la carte mère | Board version
system.board_serial | Numéro de série de la carte mère | Board serial number
system.asset_tag | Étiquette d'inventaire | Asset tag
system.chassis | Type d'ordinateur | Kind of computer
system.chassis_declared | Type déclaré | Declared kind
system.made_on | Date de fabrication estimée | Estimated date made
system.made_year | Année de fabrication estimée | Estimated year made
system.made_origin | Date déduite de | Date taken from
system.age_years | Âge | Age
firmware.vendor | Marque du BIOS | BIOS maker
firmware.version | Version du BIOS | BIOS version
firmware.released_on | Date du BIOS | BIOS date
firmware.mode | Mode de démarrage | Boot mode
firmware.is_uefi_capable | UEFI possible | Can boot UEFI
firmware.secure_boot | Démarrage sécurisé (Secure Boot) | Secure Boot
firmware.is_secure_boot_capable | Démarrage sécurisé possible | Secure Boot possible
firmware.tpm | Puce TPM | TPM chip
firmware.admin_password | Mot de passe du BIOS | BIOS password
firmware.power_on_password | Mot de passe à l'allumage | Power-on password
firmware.has_wpbt | Programme Windows posé par le BIOS | Windows program planted by the BIOS
firmware.has_absolute | Verrou Absolute (Computrace) | Absolute (Computrace) lock
firmware.has_management_engine | Gestion à distance (AMT) | Remote management (AMT)
cpu.vendor | Marque du processeur | Processor maker
cpu.model_name | Processeur | Processor
cpu.architecture | Architecture | Architecture
cpu.family | Famille du processeur | Processor family
cpu.model | Numéro de modèle du processeur | Processor model number
cpu.stepping | Révision du processeur | Processor stepping
cpu.sockets | Nombre de processeurs | Processors
cpu.cores | Cœurs du processeur | Processor cores
cpu.threads | Fils d'exécution | Threads
cpu.base_mhz | Vitesse de base du processeur | Processor base speed
cpu.max_mhz | Vitesse maximale du processeur | Processor top speed
cpu.l1d_bytes | Cache L1 données | L1 data cache
cpu.l1i_bytes | Cache L1 instructions | L1 instruction cache
cpu.l2_bytes | Cache L2 | L2 cache
cpu.l3_bytes | Cache L3 | L3 cache
cpu.flags | Fonctions du processeur | Processor features
cpu.is_64_bit | Processeur 64 bits | 64-bit processor
cpu.x86_64_level | Niveau du processeur (x86-64-v…) | Processor level (x86-64-v…)
cpu.has_virtualisation | Virtualisation | Virtualisation
cpu.windows_11 | Processeur accepté par Windows 11 | Processor taken by Windows 11
cpu.launch_year | Année de sortie du processeur | Processor launch year
cpu.score | Score mesuré | Measured score
memory.fitted_bytes | Mémoire | Memory
memory.usable_bytes | Mémoire utilisable | Usable memory
memory.slots_total | Emplacements de mémoire | Memory slots
memory.slots_free | Emplacements de mémoire libres | Free memory slots
memory.generation | Type de mémoire | Memory type
memory.maximum_bytes | Mémoire maximale annoncée | Announced maximum memory
memory.has_ecc | Mémoire ECC | ECC memory
memory.is_soldered | Mémoire soudée | Soldered memory
memory.modules.slot | Emplacement | Slot
memory.modules.size_bytes | Taille | Size
memory.modules.generation | Type | Type
memory.modules.form | Format | Form
memory.modules.rated_mts | Vitesse prévue | Rated speed
memory.modules.configured_mts | Vitesse réglée | Configured speed
memory.modules.maker | Marque | Maker
memory.modules.part | Référence | Part number
memory.modules.serial | Numéro de série | Serial number
memory.modules.has_ecc | ECC | ECC
memory.modules.is_soldered | Soudée | Soldered
disks.name | Nom | Name
disks.identity | Empreinte du disque | Disk digest
disks.maker | Marque | Maker
disks.model | Modèle | Model
disks.serial | Numéro de série | Serial number
disks.wwn | Identifiant WWN | WWN
disks.firmware | Version interne | Firmware
disks.size_bytes | Taille | Size
disks.transport | Branchement | Connection
disks.kind | Sorte de disque | Kind of disk
disks.is_rotational | Disque à plateaux | Spinning disk
disks.rpm | Tours par minute | Turns per minute
disks.form_factor | Format | Form factor
disks.logical_sector_bytes | Secteur logique | Logical sector
disks.physical_sector_bytes | Secteur physique | Physical sector
disks.native_sectors | Nombre réel de secteurs | True number of sectors
disks.hidden_bytes | Zone cachée (HPA/DCO) | Hidden area (HPA/DCO)
disks.security | Mot de passe du disque | Disk password
disks.is_security_frozen | Sécurité du disque gelée | Disk security frozen
disks.sanitize | Effacements internes possibles | Built-in erasures
disks.has_opal | Chiffrement Opal | Opal encryption
disks.is_opal_locked | Verrou Opal | Opal lock
disks.has_trim | TRIM | TRIM
disks.removable | Disque amovible | Removable disk
disks.is_boot_medium | Support de démarrage | Boot medium
disks.bridge | Adaptateur | Bridge
disks.erasure | Effacement | Erasure
disks.is_erasure_approved | Effacement validé | Erasure approved
disks.health.is_available | Informations données | Gives its information
disks.health.is_passed | Avis du disque sur lui-même | The disk's own opinion
disks.health.exit_bits | Code de smartctl | smartctl exit status
disks.health.failing_now | Signes de panne | Signs of failure
disks.health.failed_past | Anciens signes de panne | Past signs of failure
disks.health.attributes | Mesures SMART | SMART attributes
disks.health.attributes.id | Numéro | Number
disks.health.attributes.name | Nom | Name
disks.health.attributes.value | Valeur | Value
disks.health.attributes.worst | Pire valeur | Worst value
disks.health.attributes.threshold | Seuil | Threshold
disks.health.attributes.raw | Mesure brute | Raw value
disks.health.attributes.raw_text | Texte brut | Raw text
disks.health.attributes.failed | En panne | Failed
disks.health.reallocated_sectors | Secteurs remplacés | Reallocated sectors
disks.health.reallocation_events | Remplacements de secteurs | Reallocation events
disks.health.pending_sectors | Secteurs difficiles à lire | Pending sectors
disks.health.uncorrectable_sectors | Secteurs illisibles | Uncorrectable sectors
disks.health.reported_uncorrectable | Erreurs de lecture graves | Reported uncorrectable errors
disks.health.command_timeouts | Ordres sans réponse | Command timeouts
disks.health.spin_retries | Démarrages ratés du moteur | Spin retries
disks.health.crc_errors | Erreurs de câble | Cable (CRC) errors
disks.health.downshifts | Baisses de vitesse du câble | Link speed drops
disks.health.end_to_end_value | Contrôle interne des données | End-to-end check
disks.health.wear_permille | Usure | Wear
disks.health.spare_permille | Réserve restante | Spare left
disks.health.spare_threshold_permille | Seuil de réserve | Spare threshold
disks.health.media_errors | Erreurs de mémoire du disque | Media errors
disks.health.critical_warning | Alerte du disque NVMe | NVMe critical warning
disks.health.grown_defects | Défauts apparus | Grown defects
disks.health.uncorrected_errors | Erreurs non corrigées | Uncorrected errors
disks.health.emmc_life_used | Usure (1 à 11) | Life used (1 to 11)
disks.health.emmc_pre_eol | Réserve eMMC (1 à 3) | eMMC reserve (1 to 3)
disks.health.hours | Heures de marche | Power-on hours
disks.health.power_cycles | Allumages | Power cycles
disks.health.unsafe_shutdowns | Arrêts brutaux | Unsafe shutdowns
disks.health.read_bytes | Données lues | Data read
disks.health.written_bytes | Données écrites | Data written
disks.health.temperature_c | Température | Temperature
disks.health.temperature_max_c | Température maximale | Highest temperature
disks.health.error_count | Erreurs notées | Errors logged
disks.health.error_last_hours | Dernière erreur à | Latest error at
disks.health.self_test_failed | Test interne raté | Self-test failed
disks.health.self_test_count | Tests internes faits | Self-tests run
disks.health.self_test_short_minutes | Durée du test court | Short test length
disks.health.self_test_extended_minutes | Durée du test long | Extended test length
lost_disks.name | Nom | Name
lost_disks.model | Modèle | Model
lost_disks.serial | Numéro de série | Serial number
lost_disks.wwn | Identifiant WWN | WWN
lost_disks.size_bytes | Taille | Size
lost_disks.is_soldered | Soudé | Soldered
lost_disks.erasure | Effacement | Erasure
lost_disks.erasure_digest | Empreinte du journal | Journal digest
lost_disks.is_taken_out | Sorti du PC | Out of the PC
batteries.name | Nom | Name
batteries.maker | Marque | Maker
batteries.model | Modèle | Model
batteries.serial | Numéro de série | Serial number
batteries.chemistry | Chimie | Chemistry
batteries.design_mwh | Capacité d'origine | Capacity when new
batteries.full_mwh | Capacité actuelle | Capacity now
batteries.now_mwh | Charge | Charge
batteries.health_permille | Santé de la batterie | Battery health
batteries.is_health_believable | Mesure crédible | Believable reading
batteries.is_estimated | Estimé | Estimated
batteries.cycles | Cycles | Cycles
batteries.made_on | Date de fabrication | Date made
batteries.status | État | State
batteries.is_present | Présente | Present
displays.connector | Prise | Connector
displays.maker | Marque | Maker
displays.model | Modèle | Model
displays.product_code | Code produit | Product code
displays.serial | Numéro de série | Serial number
displays.width_mm | Largeur | Width
displays.height_mm | Hauteur | Height
displays.width_px | Largeur en points | Width in pixels
displays.height_px | Hauteur en points | Height in pixels
displays.made_year | Année de fabrication | Year made
displays.made_week | Semaine de fabrication | Week made
displays.is_digital | Signal numérique | Digital signal
displays.is_internal | Écran intégré | Built-in screen
gpus.address | Adresse | Address
gpus.vendor_id | Code marque | Vendor id
gpus.device_id | Code modèle | Device id
gpus.vendor | Marque | Maker
gpus.model | Modèle | Model
gpus.driver | Pilote | Driver
networks.kind | Sorte de réseau | Kind of network
networks.name | Nom | Name
networks.vendor | Marque | Maker
networks.model | Modèle | Model
networks.driver | Pilote | Driver
networks.has_driver | Pilote en place | Driver bound
networks.mac_hash | Empreinte de l'adresse | Address hash
networks.speed_mbps | Vitesse | Speed
networks.has_link | Câble branché | Link up
sensors.chip | Puce | Chip
sensors.label | Mesure | Reading
sensors.kind | Sorte de mesure | Kind of reading
sensors.value | Valeur | Value
sensors.critical | Limite | Limit
hidden_storage.kind | Sorte | Kind
hidden_storage.evidence | Indice | Evidence
hidden_storage.controller | Contrôleur | Controller
missing_firmware.kind | Sorte | Kind
missing_firmware.file | Fichier | File
missing_firmware.evidence | Indice | Evidence
missing_firmware.device | Appareil | Device
clock.system | Heure du système | System clock
clock.rtc | Heure de l'ordinateur | Hardware clock
clock.built | Date du programme | Program date
clock.checkpoint | Dernière heure de l'inventaire | Last time from the inventory
clock.believed | Heure retenue | Time believed
clock.believed_from | Heure venant de | Time taken from
clock.is_rtc_wrong | Horloge fausse | Clock wrong
clock.rtc_offset_seconds | Écart de l'horloge | Clock offset
"""
    + "".join(
        f"""
{kind}.name | Nom | Name
{kind}.maker | Marque | Maker
{kind}.model | Modèle | Model
{kind}.driver | Pilote | Driver
{kind}.vendor_id | Code marque | Vendor id
{kind}.product_id | Code modèle | Product id
"""
        for kind in ("audio", "cameras", "optical", "usb")
    )
)

# path | plusieurs | many | un | one
LISTS = _table("""
memory.modules | Barrettes de mémoire | Memory modules | Barrette | Module
disks | Disques | Disks | Disque | Disk
disks.health.attributes | Mesures SMART | SMART attributes | Mesure | Attribute
lost_disks | Disques disparus | Lost disks | Disque disparu | Lost disk
batteries | Batteries | Batteries | Batterie | Battery
displays | Écrans | Screens | Écran | Screen
gpus | Cartes graphiques | Graphics | Carte graphique | Graphics
networks | Cartes réseau | Network cards | Réseau | Network
audio | Son | Sound | Son | Sound
cameras | Caméras | Cameras | Caméra | Camera
optical | Lecteurs optiques | Optical drives | Lecteur | Drive
usb | Appareils USB | USB devices | Appareil USB | USB device
sensors | Capteurs | Sensors | Capteur | Sensor
hidden_storage | Stockage caché | Hidden storage | Stockage caché | Hidden storage
missing_firmware | Micrologiciels absents | Missing firmware | Micrologiciel absent | Missing firmware
cpu | Processeur | Processor | Processeur | Processor
memory | Mémoire | Memory | Mémoire | Memory
system | Ordinateur | Computer | Ordinateur | Computer
firmware | BIOS | Firmware | BIOS | Firmware
clock | Horloge | Clock | Horloge | Clock
""")

VALUES = _table("""
desktop | unité centrale | desktop
laptop | portable | laptop
all-in-one | tout-en-un | all-in-one
mini-pc | mini-PC | mini PC
tablet | tablette | tablet
server | serveur | server
virtual | machine virtuelle | virtual machine
other | autre | other
bios-date | date du BIOS | BIOS date
cpu-launch | sortie du processeur | processor launch
disk-date | date du disque | disk date
memory-date | date de la mémoire | memory date
battery-date | date de la batterie | battery date
panel-date | date de l'écran | screen date
uefi | UEFI | UEFI
bios | BIOS ancien | legacy BIOS
on | activé | on
off | désactivé | off
unsupported | impossible | unsupported
absent | absente | absent
enabled | posé | set
disabled | aucun | none
locked | verrouillé | locked
not-implemented | non prévu | not implemented
eligible | oui | yes
not-eligible | non | no
borderline | à la limite | borderline
hdd | disque dur | hard disk
ssd | SSD | SSD
nvme | SSD NVMe | NVMe SSD
kind:virtual | disque virtuel | virtual disk
kind:graphics | carte graphique | graphics
kind:sound | son | sound
emmc | mémoire soudée (eMMC) | soldered memory (eMMC)
sd-card | carte mémoire | memory card
purged | effacé en profondeur (Purge) | purged (Purge)
cleared | effacé (Clear) | cleared (Clear)
cleared_with_exceptions | effacé sauf des secteurs | cleared save some sectors
not_proven | non prouvé | not proven
check:passed | bon | passed
check:failed | raté | failed
check:not_tested | pas testé | not tested
check:not_applicable | sans objet | not applicable
erasure:failed | raté | failed
erasure:interrupted | interrompu | interrupted
wired | filaire | wired
wifi | Wi-Fi | Wi-Fi
bluetooth | Bluetooth | Bluetooth
modem | modem | modem
raid | RAID | RAID
vmd | VMD | VMD
rst | RST | RST
remapped-nvme | NVMe masqué | remapped NVMe
unbound-controller | contrôleur sans pilote | controller without driver
silent-disk | disque qui ne répond pas | disk that does not answer
now | maintenant | now
past | autrefois | in the past
temperature | température | temperature
fan | ventilateur | fan
voltage | tension | voltage
system | horloge du système | system clock
checkpoint | inventaire | inventory
built | date du programme | program date
""")

WHY = _table("""
absent | rien à lire | nothing to read
refused | accès refusé | access refused
tool-missing | programme manquant | program missing
timed-out | trop long | timed out
placeholder | jamais rempli par le fabricant | never filled in by the maker
malformed | illisible | unreadable
conflict | deux sources se contredisent | two sources disagree
failed | échec | failed
""")
