"""Sentences for every code, in French and English.

Each code has both languages with the same placeholders (a test holds them together). A sentence says what happened and,
where a person can act, what to do.
"""

from __future__ import annotations

from typing import Literal

from claptrap.core.wording_doctor import DOCTOR
from claptrap.core.wording_mediamtx import MEDIAMTX
from claptrap.core.wording_selftest import SELFTEST
from claptrap.core.wording_verdict import VERDICTS

Language = Literal["fr", "en"]

SENTENCES: dict[str, dict[Language, str]] = {
    **DOCTOR,
    **MEDIAMTX,
    **SELFTEST,
    **VERDICTS,
    # -- sources
    "source.no_portaudio": {
        "en": "The microphone library PortAudio is missing. On Debian or Ubuntu: sudo apt install libportaudio2. "
        "Everything but the microphone works without it.",
        "fr": "La bibliothèque de microphone PortAudio est absente. Sous Debian ou Ubuntu : sudo apt install libportaudio2. "
        "Tout fonctionne sans elle, sauf le microphone.",
    },
    "source.sound_breaks": {
        "en": "The microphone library PortAudio breaks down on this machine: ALSA's configuration is missing or damaged. On Debian or "
        "Ubuntu: sudo apt install --reinstall libasound2-data. Everything but the microphone works.",
        "fr": "La bibliothèque de microphone PortAudio s'effondre sur cette machine : la configuration d'ALSA est absente ou abîmée. "
        "Sous Debian ou Ubuntu : sudo apt install --reinstall libasound2-data. Tout fonctionne, sauf le microphone.",
    },
    "source.no_device": {
        "en": "No microphone was found. Plug one in; ClapTrap looks again by itself.",
        "fr": "Aucun microphone trouvé. Branchez-en un ; ClapTrap réessaie tout seul.",
    },
    "source.device_missing": {
        "en": "The microphone “{device}” is not there. Plug it in again or choose another; ClapTrap looks again by itself.",
        "fr": "Le microphone « {device} » est absent. Rebranchez-le ou choisissez-en un autre ; ClapTrap réessaie tout seul.",
    },
    "source.device_another": {
        "en": "A microphone called “{device}” is there, but it is another one: its USB socket or serial number differs. "
        "Plug the chosen one in where it was, or choose this one.",
        "fr": "Un microphone « {device} » est là, mais c'en est un autre : sa prise USB ou son numéro de série diffère. "
        "Rebranchez celui que vous aviez choisi à sa place, ou choisissez celui-ci.",
    },
    "source.device_ambiguous": {
        "en": "Several microphones are called “{device}”, and nothing tells which one is meant. Choose one of them anew, or "
        "leave only one plugged in.",
        "fr": "Plusieurs microphones s'appellent « {device} », et rien ne dit lequel est voulu. Choisissez-en un à nouveau, "
        "ou n'en laissez qu'un de branché.",
    },
    "source.device_busy": {
        "en": "The microphone “{device}” is in use by another program. Close that program; ClapTrap tries again by itself.",
        "fr": "Le microphone « {device} » est occupé par un autre programme. Fermez-le ; ClapTrap réessaie tout seul.",
    },
    "source.device_busy_by": {
        "en": "The microphone “{device}” is in use by another program, {program}. Close that program; ClapTrap tries again by "
        "itself.",
        "fr": "Le microphone « {device} » est occupé par un autre programme, {program}. Fermez-le ; ClapTrap réessaie tout seul.",
    },
    "source.device_busy_server": {
        "en": "The microphone “{device}” is in the hands of the sound server {program}. Choose “default” (or “pulse”, “pipewire”), "
        "which asks the server for it, and choose the microphone in the sound settings of the machine.",
        "fr": "Le microphone « {device} » est entre les mains du serveur de son {program}. Choisissez « default » (ou « pulse », "
        "« pipewire »), qui le lui demande, et choisissez le microphone dans les réglages de son de la machine.",
    },
    "source.device_twice": {
        "en": "The microphone “{device}” is heard by another source of ClapTrap already, and gives its sound to one only. Keep "
        "one of them; it can have several patterns and webhooks.",
        "fr": "Le microphone « {device} » est déjà écouté par une autre source de ClapTrap, et ne donne son son qu'à une seule. "
        "Gardez-en une ; elle peut avoir plusieurs motifs et webhooks.",
    },
    "source.device_moved": {
        "en": "The sound server took the sound of “{now}” in place of “{before}”: was that one unplugged? ClapTrap opens the "
        "microphone “{device}” anew.",
        "fr": "Le serveur de son a pris le son de « {now} » à la place de « {before} » : l'a-t-on débranché ? ClapTrap rouvre le "
        "microphone « {device} ».",
    },
    "source.device_failed": {
        "en": "The microphone “{device}” could not be opened: {reason}. ClapTrap tries again by itself; if it stays so, unplug it and plug "
        "it in again, choose another, or see what claptrap doctor says.",
        "fr": "Le microphone « {device} » n'a pas pu être ouvert : {reason}. ClapTrap réessaie tout seul ; si cela dure, débranchez-le et "
        "rebranchez-le, choisissez-en un autre, ou voyez ce que dit claptrap doctor.",
    },
    "source.device_lost": {
        "en": "The microphone “{device}” stopped. ClapTrap reopens it by itself.",
        "fr": "Le microphone « {device} » s'est arrêté. ClapTrap le rouvre tout seul.",
    },
    "source.system_hangs": {
        "en": "The sound system of this machine has not answered for {seconds} s. ClapTrap tries again by itself; "
        "restarting the sound system (PulseAudio, PipeWire) may help.",
        "fr": "Le système de son de cette machine ne répond pas depuis {seconds} s. ClapTrap réessaie tout seul ; "
        "redémarrer le système de son (PulseAudio, PipeWire) peut aider.",
    },
    "source.silent": {
        "en": "No sound has arrived for {seconds} s. ClapTrap reopens the source by itself; if it stays so, check that it is "
        "switched on and connected, or restart it.",
        "fr": "Aucun son depuis {seconds} s. ClapTrap rouvre la source tout seul ; si cela dure, vérifiez qu'elle est allumée et "
        "branchée, ou redémarrez-la.",
    },
    "source.crashed": {
        "en": "Unexpected fault in this source: {reason}. It is restarted; please report the log.",
        "fr": "Panne inattendue de cette source : {reason}. Elle est relancée ; merci de signaler le journal.",
    },
    "source.deaf": {
        "en": "Hearing this source failed: {reason}. It starts afresh; please report the log.",
        "fr": "L'écoute de cette source a échoué : {reason}. Elle repart de zéro ; merci de signaler le journal.",
    },
    "source.constant": {
        "en": "Every sample has been the same value for {seconds} s: the input is stuck. Check its cable, its gain and its mute switch, or restart it.",
        "fr": "Tous les échantillons ont la même valeur depuis {seconds} s : l'entrée est bloquée. Vérifiez son câble, son gain et "
        "sa touche muet, ou redémarrez-la.",
    },
    "source.zeros": {
        "en": "Sound arrives, but it has been exactly nothing for {seconds} s: the input is muted or its microphone is off. Unmute it at the sender.",
        "fr": "Le son arrive, mais il est rigoureusement nul depuis {seconds} s : l'entrée est en sourdine ou son micro est coupé. "
        "Réactivez-le à la source.",
    },
    "source.wrong_rate": {
        "en": "{measured_hz} samples arrive each second instead of the {rate_hz} that are announced: sound is lost or its rate is wrong. "
        "Set the same rate at the sender, and check the network.",
        "fr": "{measured_hz} échantillons arrivent par seconde au lieu des {rate_hz} annoncés : du son se perd ou la fréquence est fausse. "
        "Réglez la même fréquence à la source, et vérifiez le réseau.",
    },
    # -- network cameras (RTSP)
    "source.no_av": {
        "en": "The library PyAV is missing, which RTSP needs: pip install 'av>=18,<19'. Everything else works without it.",
        "fr": "La bibliothèque PyAV, nécessaire à RTSP, est absente : pip install 'av>=18,<19'. Tout le reste fonctionne sans elle.",
    },
    "rtsp.unauthorized": {
        "en": "{where} refused the user name or the password (401). Correct them in this source's settings.",
        "fr": "{where} a refusé le nom d'utilisateur ou le mot de passe (401). Corrigez-les dans les réglages de cette source.",
    },
    "rtsp.forbidden": {
        "en": "{where} does not let this user listen (403). Give the user that right in the camera, or use another.",
        "fr": "{where} n'autorise pas cet utilisateur à écouter (403). Donnez-lui ce droit dans la caméra, ou prenez-en un autre.",
    },
    "rtsp.not_found": {
        "en": "{where} has no such stream (404). Check the path of the address in the camera's manual.",
        "fr": "{where} n'a pas ce flux (404). Vérifiez le chemin de l'adresse dans le manuel de la caméra.",
    },
    "rtsp.rejected": {
        "en": "{where} refused the request: {reason}. Try the other transport (TCP or UDP); some cameras serve only a few listeners.",
        "fr": "{where} a refusé la demande : {reason}. Essayez l'autre transport (TCP ou UDP) ; certaines caméras ne servent que peu d'auditeurs.",
    },
    "rtsp.server_error": {
        "en": "{where} has a fault of its own (5xx). ClapTrap tries again by itself; if it lasts, restart the camera.",
        "fr": "{where} est en panne (5xx). ClapTrap réessaie tout seul ; si cela dure, redémarrez la caméra.",
    },
    "rtsp.refused": {
        "en": "{where} refused the connection. Is the camera's RTSP server switched on, and the port right?",
        "fr": "{where} a refusé la connexion. Le serveur RTSP de la caméra est-il activé, et le port est-il le bon ?",
    },
    "rtsp.unresolved": {
        "en": "The name “{host}” is unknown on this network. Check its spelling, or use the camera's IP address.",
        "fr": "Le nom « {host} » est inconnu sur ce réseau. Vérifiez son orthographe, ou utilisez l'adresse IP de la caméra.",
    },
    "rtsp.unreachable": {
        "en": "{where} cannot be reached: {reason}. Is the camera on, and on the same network?",
        "fr": "{where} est injoignable : {reason}. La caméra est-elle allumée, et sur le même réseau ?",
    },
    "rtsp.not_rtsp": {
        "en": "{where} answers, but does not speak RTSP. Check the port (usually 554), and rtsps:// against rtsp://.",
        "fr": "{where} répond, mais ne parle pas RTSP. Vérifiez le port (souvent 554), et rtsps:// ou rtsp://.",
    },
    "rtsp.no_audio": {
        "en": "{where} sends no audio track. Switch the microphone (audio) on in the camera's settings.",
        "fr": "{where} n'envoie aucune piste audio. Activez le micro (audio) dans les réglages de la caméra.",
    },
    "rtsp.no_track": {
        "en": "{where} has {tracks} audio track(s), not {track}. Choose a smaller number.",
        "fr": "{where} a {tracks} piste(s) audio, pas {track}. Choisissez un numéro plus petit.",
    },
    "rtsp.timeout": {
        "en": "{where} did not answer within {seconds} s. If it lasts, restart the camera and check the network.",
        "fr": "{where} n'a pas répondu en {seconds} s. Si cela dure, redémarrez la caméra et vérifiez le réseau.",
    },
    "rtsp.stalled": {
        "en": "{where} is connected but has sent no sound for {seconds} s. ClapTrap connects again by itself; over UDP, a firewall may "
        "be in the way: try TCP.",
        "fr": "{where} est connecté mais n'envoie plus de son depuis {seconds} s. ClapTrap se reconnecte tout seul ; en UDP, un "
        "pare-feu peut bloquer : essayez TCP.",
    },
    "rtsp.undecodable": {
        "en": "{where} sends sound that cannot be decoded ({codec}). Choose AAC, G.711, Opus or PCM in the camera's settings.",
        "fr": "{where} envoie un son qui ne peut pas être décodé ({codec}). Choisissez AAC, G.711, Opus ou PCM dans les réglages de la caméra.",
    },
    "rtsp.ended": {
        "en": "{where} ended the stream. ClapTrap connects again by itself.",
        "fr": "{where} a mis fin au flux. ClapTrap se reconnecte tout seul.",
    },
    "rtsp.tls": {
        "en": "{where} could not prove who it is: {reason}. Give it a valid certificate, trust its authority with SSL_CERT_FILE, or "
        "switch the verification off for this source.",
        "fr": "{where} n'a pas pu prouver son identité : {reason}. Donnez-lui un certificat valable, déclarez son autorité avec "
        "SSL_CERT_FILE, ou désactivez la vérification pour cette source.",
    },
    "rtsp.given_up": {
        "en": "ClapTrap ends before {where} could be tried. Start it again, then try again.",
        "fr": "ClapTrap s'arrête avant d'avoir pu essayer {where}. Redémarrez-le, puis réessayez.",
    },
    "rtsp.failed": {
        "en": "{where} could not be heard: {reason}. ClapTrap tries again by itself.",
        "fr": "{where} n'a pas pu être écouté : {reason}. ClapTrap réessaie tout seul.",
    },
    # -- VBAN: settings
    "vban.bad_host": {
        "en": "It must be the sender's IPv4 address, like 192.168.1.20.",
        "fr": "Il faut l'adresse IPv4 de l'émetteur, par exemple 192.168.1.20.",
    },
    "vban.name_too_long": {
        "en": "A VBAN stream's name has {most} bytes at most; this one has {bytes}.",
        "fr": "Le nom d'un flux VBAN a {most} octets au plus ; celui-ci en a {bytes}.",
    },
    "vban.name_with_nul": {
        "en": "A VBAN stream's name has no zero byte in it.",
        "fr": "Le nom d'un flux VBAN ne contient pas d'octet nul.",
    },
    # -- VBAN: the port
    "vban.port_taken": {
        "en": "UDP port {port} is taken by another program (Voicemeeter, a VBAN receiver, another ClapTrap?). Close it, or let "
        "the sender use another port and choose that one here.",
        "fr": "Le port UDP {port} est pris par un autre programme (Voicemeeter, un récepteur VBAN, un autre ClapTrap ?). "
        "Fermez-le, ou choisissez un autre port chez l'émetteur et ici.",
    },
    "vban.port_forbidden": {
        "en": "This user may not listen on UDP port {port}. Choose one above 1023 here and in the sender.",
        "fr": "Cet utilisateur ne peut pas écouter sur le port UDP {port}. Choisissez-en un au-dessus de 1023, ici et chez l'émetteur.",
    },
    "vban.port_failed": {
        "en": "Listening on UDP port {port} failed: {reason}. ClapTrap tries again by itself.",
        "fr": "L'écoute du port UDP {port} a échoué : {reason}. ClapTrap réessaie tout seul.",
    },
    # -- VBAN: a stream that is not heard
    "vban.small_buffer": {
        "en": "VBAN sound was lost on UDP port {port}: the kernel grants only {granted_kb} kB of network buffer. "
        "Then: echo net.core.rmem_max={bytes} | sudo tee /etc/sysctl.d/90-claptrap.conf; sudo sysctl --system; and start ClapTrap again.",
        "fr": "Du son VBAN s'est perdu sur le port UDP {port} : le noyau n'accorde que {granted_kb} ko de tampon réseau. "
        "Alors : echo net.core.rmem_max={bytes} | sudo tee /etc/sysctl.d/90-claptrap.conf; sudo sysctl --system ; puis redémarrez ClapTrap.",
    },
    "vban.overrun": {
        "en": "VBAN sound was lost on UDP port {port}: this machine was too busy to take it. Remove streams or other programs.",
        "fr": "Du son VBAN s'est perdu sur le port UDP {port} : la machine était trop occupée pour le prendre. Enlevez des flux ou d'autres programmes.",
    },
    "vban.nothing": {
        "en": "No stream “{stream}” arrives from {host} on UDP port {port}. In the sender, check this machine's address, the port, and that the "
        "stream is switched on; here, that the firewall lets UDP {port} in.",
        "fr": "Aucun flux « {stream} » n'arrive de {host} sur le port UDP {port}. Vérifiez chez l'émetteur l'adresse de cette machine, le port, et que "
        "le flux est activé ; ici, que le pare-feu laisse entrer UDP {port}.",
    },
    "vban.wrong_port": {
        "en": "The stream “{stream}” of {host} arrives on UDP port {actual}, not on {port}. Choose {actual} here, or {port} in "
        "the sender.",
        "fr": "Le flux « {stream} » de {host} arrive sur le port UDP {actual}, pas sur {port}. Choisissez {actual} ici, ou {port} "
        "chez l'émetteur.",
    },
    "vban.wrong_name": {
        "en": "{host} sends to port {port}, but no stream “{stream}”: it sends {seen}. Capitals count. Choose that name here, or "
        "“{stream}” in the sender.",
        "fr": "{host} émet bien vers le port {port}, mais aucun flux « {stream} » : il envoie {seen}. Les majuscules comptent. "
        "Choisissez ce nom ici, ou « {stream} » chez l'émetteur.",
    },
    "vban.wrong_host": {
        "en": "The stream “{stream}” arrives on port {port}, but from {seen}, not from {host}. Has the sender's address changed?",
        "fr": "Le flux « {stream} » arrive sur le port {port}, mais de {seen}, pas de {host}. L'adresse de l'émetteur a-t-elle changé ?",
    },
    "vban.lost": {
        "en": "The stream “{stream}” of {host} has stopped: no packet for {seconds} s. It is heard again as soon as it comes back.",
        "fr": "Le flux « {stream} » de {host} s'est arrêté : aucun paquet depuis {seconds} s. Il sera de nouveau écouté dès son retour.",
    },
    "vban.no_channel": {
        "en": "The stream “{stream}” of {host} has {channels} channel(s); channel {channel} does not exist. Choose another.",
        "fr": "Le flux « {stream} » de {host} a {channels} canal/canaux ; le canal {channel} n'existe pas. Choisissez-en un autre.",
    },
    # -- VBAN: packets that cannot be used, each with its reason
    "vban.cut": {
        "en": "Its packets are too large and arrive cut. Choose fewer channels or fewer bits in the sender.",
        "fr": "Ses paquets sont trop gros et arrivent coupés. Choisissez moins de canaux ou moins de bits chez l'émetteur.",
    },
    "vban.too_short": {
        "en": "Its packets are too short to hold sound. Choose an audio stream in the sender.",
        "fr": "Ses paquets sont trop courts pour contenir du son. Choisissez un flux audio chez l'émetteur.",
    },
    "vban.not_vban": {
        "en": "What arrives is not VBAN. Choose VBAN in the sender, or another port for what else it sends.",
        "fr": "Ce qui arrive n'est pas du VBAN. Choisissez VBAN chez l'émetteur, ou un autre port pour ce qu'il envoie d'autre.",
    },
    "vban.not_audio": {
        "en": "It sends VBAN text, MIDI or service packets, no sound. Choose an audio stream in the sender.",
        "fr": "Il envoie du texte, du MIDI ou des paquets de service VBAN, pas de son. Choisissez un flux audio chez l'émetteur.",
    },
    "vban.reserved_bit": {
        "en": "Its packets set a bit that VBAN reserves; the sender is newer than ClapTrap, or faulty.",
        "fr": "Ses paquets utilisent un bit réservé par VBAN ; l'émetteur est plus récent que ClapTrap, ou défectueux.",
    },
    "vban.not_pcm": {
        "en": "It uses a proprietary codec. Choose PCM in the sender.",
        "fr": "Il utilise un codec propriétaire. Choisissez PCM chez l'émetteur.",
    },
    "vban.unknown_type": {
        "en": "It uses 10- or 12-bit samples, whose packing VBAN does not define. Choose 16 bits in the sender.",
        "fr": "Il utilise des échantillons de 10 ou 12 bits, dont VBAN ne définit pas le rangement. Choisissez 16 bits chez l'émetteur.",
    },
    "vban.unknown_rate": {
        "en": "Its sample rate is unknown to VBAN. Choose 48000 Hz in the sender.",
        "fr": "Sa fréquence d'échantillonnage est inconnue de VBAN. Choisissez 48000 Hz chez l'émetteur.",
    },
    "vban.too_many_channels": {
        "en": "It has more channels than ClapTrap takes (64). Choose fewer in the sender.",
        "fr": "Il a plus de canaux que ClapTrap n'en prend (64). Choisissez-en moins chez l'émetteur.",
    },
    "vban.wrong_length": {
        "en": "Its packets do not have the length that their header says; the sender or the network damages them.",
        "fr": "Ses paquets n'ont pas la longueur annoncée par leur en-tête ; l'émetteur ou le réseau les abîme.",
    },
    "vban.too_many_packets": {
        "en": "It sends far more packets than its sample rate needs; the excess is dropped. Choose a larger buffer in the sender.",
        "fr": "Il envoie bien plus de paquets qu'il n'en faut ; l'excédent est jeté. Choisissez un tampon plus grand chez l'émetteur.",
    },
    # -- browsers
    "browser.waiting": {
        "en": "Waiting for a phone or laptop: open the page /micro on it and press the button.",
        "fr": "En attente d'un téléphone ou d'un ordinateur : ouvrez-y la page /micro et appuyez sur le bouton.",
    },
    "browser.closed": {
        "en": "The page was closed on the device. Open /micro on it again to listen.",
        "fr": "La page a été fermée sur l'appareil. Rouvrez-y /micro pour écouter.",
    },
    "browser.stopped": {
        "en": "The microphone was switched off on the device's page. Switch it on there again to listen.",
        "fr": "Le micro a été coupé sur la page de l'appareil. Rallumez-le là-bas pour écouter.",
    },
    "browser.unplugged": {
        "en": "The device's microphone has stopped: unplugged, taken by a call, or its permission was withdrawn. See its page.",
        "fr": "Le micro de l'appareil s'est arrêté : débranché, pris par un appel, ou autorisation retirée. Voyez sa page.",
    },
    "browser.lost": {
        "en": "The device has been out of reach for {seconds} s: network, battery, or page gone. It is heard again as soon as it comes back.",
        "fr": "L'appareil est injoignable depuis {seconds} s : réseau, batterie, ou page disparue. Il sera de nouveau écouté dès son retour.",
    },
    "browser.asleep": {
        "en": "The page is open but has sent no sound for {seconds} s: the device sleeps or the page is in the background. Bring it to the front.",
        "fr": "La page est ouverte mais n'envoie aucun son depuis {seconds} s : l'appareil dort ou la page est en arrière-plan. Remettez-la devant.",
    },
    "browser.replaced": {
        "en": "Another page speaks for this source now. Press the button to take it back.",
        "fr": "Une autre page a pris le relais pour cette source. Appuyez sur le bouton pour la reprendre.",
    },
    # -- files
    "file.missing": {"en": "{path}: no such file.", "fr": "{path} : fichier introuvable."},
    "file.folder": {
        "en": "{path}: is a folder, not a recording.",
        "fr": "{path} : c'est un dossier, pas un enregistrement.",
    },
    "file.unreadable": {"en": "{path}: cannot be read: {reason}.", "fr": "{path} : lecture impossible : {reason}."},
    "file.empty": {"en": "{path}: is empty.", "fr": "{path} : le fichier est vide."},
    "file.not_audio": {
        "en": "{path}: is not a recording that can be read (WAV, FLAC, MP3, OGG): {reason}.",
        "fr": "{path} : n'est pas un enregistrement lisible (WAV, FLAC, MP3, OGG) : {reason}.",
    },
    "file.truncated": {
        "en": "{path}: is cut short; it was heard up to {seconds} s.",
        "fr": "{path} : fichier tronqué ; écouté jusqu'à {seconds} s.",
    },
    # -- model files
    "model.unreadable": {
        "en": "The model file {path} cannot be read: {reason}. Check its name, and that the user of ClapTrap may read it.",
        "fr": "Le fichier de modèle {path} ne peut pas être lu : {reason}. Vérifiez son nom, et que l'utilisateur de ClapTrap a le droit de le lire.",
    },
    "model.wrong": {
        "en": "{path} is not the expected model file: its checksum differs. It is not used; claptrap models pull gets the file again.",
        "fr": "{path} n'est pas le fichier de modèle attendu : sa somme de contrôle diffère. Il n'est pas utilisé ; claptrap models pull récupère le bon.",
    },
    "model.wrong_size": {
        "en": "{path} is not the expected model file: it has {size} bytes instead of {expected}. It is not used; claptrap models pull gets the file again.",
        "fr": "{path} n'est pas le fichier de modèle attendu : {size} octets au lieu de {expected}. Il n'est pas utilisé ; claptrap models pull récupère le bon.",
    },
    "model.unwritable": {
        "en": "The model file cannot be written to {path}: {reason}. Name another folder with CLAPTRAP_MODELS_DIR.",
        "fr": "Le fichier de modèle ne peut pas être écrit dans {path} : {reason}. Indiquez un autre dossier avec CLAPTRAP_MODELS_DIR.",
    },
    "model.unusable": {
        "en": "The model file {path} cannot be loaded on this machine: {reason}. The embedded model hears without it; claptrap doctor says more.",
        "fr": "Le fichier de modèle {path} ne peut pas être chargé sur cette machine : {reason}. Le modèle intégré écoute sans lui ; claptrap doctor en dit plus.",
    },
    "model.network": {
        "en": "The model file could not be fetched from {url}: {reason}. Check the network; without one: claptrap models import FILE.",
        "fr": "Le fichier de modèle n'a pas pu être récupéré depuis {url} : {reason}. Vérifiez le réseau ; sans réseau : claptrap models import FICHIER.",
    },
    "model.status": {
        "en": "{url} answered {status}. If it lasts, get the file elsewhere, and then: claptrap models import FILE.",
        "fr": "{url} a répondu {status}. Si cela dure, prenez le fichier ailleurs, puis : claptrap models import FICHIER.",
    },
    "model.cut": {
        "en": "The download was cut after {size} of {expected} bytes; it will be continued.",
        "fr": "Le téléchargement a été coupé après {size} octets sur {expected} ; il sera repris.",
    },
    "model.too_large": {
        "en": "{url} sends more than the expected {expected} bytes; it was refused.",
        "fr": "{url} envoie plus que les {expected} octets attendus ; refusé.",
    },
    "model.stopped": {
        "en": "The download of {name} was stopped; it can be continued.",
        "fr": "Le téléchargement de {name} a été arrêté ; il pourra être repris.",
    },
    "model.absent": {
        "en": "YAMNet's file {name} is not in {folder}. To get it: claptrap models pull.",
        "fr": "Le fichier {name} de YAMNet n'est pas dans {folder}. Pour le récupérer : claptrap models pull.",
    },
    # -- web addresses
    "url.spaces": {
        "en": "A web address has no spaces or control characters in it.",
        "fr": "Une adresse web ne contient ni espaces ni caractères de contrôle.",
    },
    "url.scheme": {
        "en": "The address must begin with http:// or https://, like http://192.168.1.10/hook.",
        "fr": "L'adresse doit commencer par http:// ou https://, par exemple http://192.168.1.10/hook.",
    },
    "url.rtsp_scheme": {
        "en": "The address must begin with rtsp:// or rtsps://, like rtsp://192.168.1.20:554/stream1.",
        "fr": "L'adresse doit commencer par rtsp:// ou rtsps://, par exemple rtsp://192.168.1.20:554/stream1.",
    },
    "url.masked": {
        "en": "The secret in this address is hidden. Type the whole address anew to change it.",
        "fr": "Le secret de cette adresse est caché. Pour la changer, retapez-la en entier.",
    },
    "url.host": {
        "en": "The address names no machine. Give one like http://192.168.1.10/hook.",
        "fr": "L'adresse ne nomme aucune machine. Donnez par exemple http://192.168.1.10/hook.",
    },
    "url.port": {
        "en": "The port in the address must be a number from 1 to 65535.",
        "fr": "Le port dans l'adresse doit être un nombre de 1 à 65535.",
    },
    "url.malformed": {"en": "This is not a web address.", "fr": "Ce n'est pas une adresse web."},
    # -- delivery
    "mqtt.unreachable": {
        "en": "The MQTT broker {where} is not reached: {reason}. ClapTrap tries again by itself; detections wait a day.",
        "fr": "Le courtier MQTT {where} est injoignable : {reason}. ClapTrap réessaie tout seul ; les détections attendent un jour.",
    },
    "mqtt.ended": {
        "en": "The MQTT broker {where} ended the connection. ClapTrap connects again by itself; detections wait a day. If it lasts, look into the broker's log, and check the port, TLS and the version of MQTT in the settings.",
        "fr": "Le courtier MQTT {where} a mis fin à la connexion. ClapTrap se reconnecte tout seul ; les détections attendent un jour. Si cela dure, regardez le journal du courtier, et vérifiez le port, TLS et la version de MQTT dans les réglages.",
    },
    "mqtt.mute": {
        "en": "{where} takes the connection, but does not answer as an MQTT broker. Check the port and TLS in the settings. ClapTrap tries again by itself; detections wait a day.",
        "fr": "{where} accepte la connexion, mais ne répond pas comme un courtier MQTT. Vérifiez le port et TLS dans les réglages. ClapTrap réessaie tout seul ; les détections attendent un jour.",
    },
    "mqtt.refused": {
        "en": "The MQTT broker {where} refused ClapTrap: {reason}. Check the user name and the password in the settings.",
        "fr": "Le courtier MQTT {where} a refusé ClapTrap : {reason}. Vérifiez le nom d'utilisateur et le mot de passe dans les réglages.",
    },
    "mqtt.tls": {
        "en": "The TLS connection to the MQTT broker {where} failed: {reason}. Check the port, and the authority (ca_file).",
        "fr": "La connexion TLS au courtier MQTT {where} a échoué : {reason}. Vérifiez le port, et l'autorité (ca_file).",
    },
    "mqtt.shared": {
        "en": "Another ClapTrap uses the topic “{topic}” at the MQTT broker {where}: they hide each other's sources, and obey each other's orders. Give each a topic of its own in its settings.",
        "fr": "Un autre ClapTrap utilise le sujet « {topic} » sur le courtier MQTT {where} : chacun masque les sources de l'autre et obéit à ses ordres. Donnez à chacun son propre sujet dans ses réglages.",
    },
    "settings.bad_topic": {
        "en": "Only letters, digits, - and _ may be in a topic here, 64 at most.",
        "fr": "Un sujet ne peut contenir ici que des lettres sans accent, des chiffres, - et _, 64 au plus.",
    },
    "notify.bad_address": {
        "en": "Apprise knows no such address. Examples: tgram://TOKEN/CHAT, ntfy://TOPIC, mailto://USER:PASSWORD@example.org; all are at https://github.com/caronc/apprise.",
        "fr": "Apprise ne connaît pas d'adresse pareille. Exemples : tgram://JETON/SALON, ntfy://SUJET, mailto://NOM:MOTDEPASSE@example.org ; toutes sont sur https://github.com/caronc/apprise.",
    },
    "notify.no_apprise": {
        "en": "Notifications need Apprise, which is not installed: pip install 'claptrap[notify]', then restart ClapTrap.",
        "fr": "Les notifications ont besoin d'Apprise, qui n'est pas installé : pip install 'claptrap[notify]', puis redémarrez ClapTrap.",
    },
    "notify.failed": {
        "en": "{service} did not take the notification. Check its address in the settings, and that it can be reached.",
        "fr": "{service} n'a pas pris la notification. Vérifiez son adresse dans les réglages, et qu'il est joignable.",
    },
    "notify.clap_title": {"en": "Clap: {source}", "fr": "Clap : {source}"},
    "notify.applause_title": {"en": "Applause: {source}", "fr": "Applaudissements : {source}"},
    "notify.one_clap": {"en": "1 clap, score {score}%", "fr": "1 clap, score {score} %"},
    "notify.claps": {"en": "{claps} claps, score {score}%", "fr": "{claps} claps, score {score} %"},
    "notify.applause": {"en": "score {score}%", "fr": "score {score} %"},
    "notify.test_title": {"en": "ClapTrap: test", "fr": "ClapTrap : test"},
    "notify.test": {"en": "Claps will be told here.", "fr": "Les claps seront annoncés ici."},
    "settings.duplicate_notify": {
        "en": "Two notification services have the id “{id}”. Give one of them another.",
        "fr": "Deux services de notification ont l'identifiant « {id} ». Donnez-en un autre à l'un d'eux.",
    },
    "delivery.timeout": {
        "en": "No answer within {seconds} s. Is the receiver switched on, the address right, and no firewall between?",
        "fr": "Pas de réponse en {seconds} s. Le destinataire est-il allumé, l'adresse juste, et aucun pare-feu entre les deux ?",
    },
    "delivery.refused": {
        "en": "The connection was refused: is the receiver running, and the port of its address right?",
        "fr": "Connexion refusée : le destinataire est-il démarré, et le port de son adresse est-il le bon ?",
    },
    "delivery.unresolved": {
        "en": "The host name “{host}” is unknown. Check its spelling and this machine's network, or use the IP address.",
        "fr": "Le nom d'hôte « {host} » est inconnu. Vérifiez son orthographe et le réseau de cette machine, ou utilisez l'adresse IP.",
    },
    "delivery.ca_file": {
        "en": "The file {path} of the authority to trust cannot be used: {reason}. Name a PEM file that ClapTrap may read.",
        "fr": "Le fichier {path} de l'autorité de confiance est inutilisable : {reason}. Nommez un fichier PEM que ClapTrap peut lire.",
    },
    "delivery.tls": {
        "en": "The TLS connection failed: {reason}. Does the receiver speak https on this port, with a valid certificate? If it is of your "
        "own authority, name its file (ca_file).",
        "fr": "La connexion TLS a échoué : {reason}. Le destinataire parle-t-il https sur ce port, avec un certificat valable ? S'il est de "
        "votre propre autorité, nommez son fichier (ca_file).",
    },
    "delivery.network": {
        "en": "The receiver was not reached: {reason}. Is it switched on, and can this machine reach its network?",
        "fr": "Destinataire injoignable : {reason}. Est-il allumé, et cette machine atteint-elle son réseau ?",
    },
    "delivery.status": {
        "en": "The receiver answered {status}. Check the address, and the headers that it wants; its own log says why.",
        "fr": "Le destinataire a répondu {status}. Vérifiez l'adresse, et les en-têtes qu'il attend ; son propre journal dit pourquoi.",
    },
    "delivery.redirected": {
        "en": "The receiver answered {status} and sends to another address, at {where}, where ClapTrap does not follow. Put the new address into the settings of the webhook; often only https:// is missing, or a / at the end.",
        "fr": "Le destinataire a répondu {status} et renvoie à une autre adresse, sur {where}, où ClapTrap ne le suit pas. Mettez la nouvelle adresse dans les réglages du webhook ; souvent il ne manque que https://, ou un / à la fin.",
    },
    "delivery.template": {
        "en": "The body template of the webhook gave nothing that could be sent: {reason}. Mend it in the settings of the webhook.",
        "fr": "Le modèle de corps du webhook n'a rien donné qui puisse être envoyé : {reason}. Corrigez-le dans les réglages du webhook.",
    },
    "delivery.open": {
        "en": "The receiver of “{source}” ({url}) does not answer as it should. What waits for it is kept in order, and told once it answers.",
        "fr": "Le destinataire de « {source} » ({url}) ne répond pas comme il faut. Ce qui l'attend est gardé dans l'ordre, et lui sera envoyé dès qu'il répondra.",
    },
    "delivery.overflow": {
        "en": "Too many events were waiting for this receiver; the oldest was given up.",
        "fr": "Trop d'événements attendaient ce destinataire ; le plus ancien a été abandonné.",
    },
    "delivery.stopped": {
        "en": "ClapTrap was stopped before this could be delivered.",
        "fr": "ClapTrap a été arrêté avant que l'envoi n'aboutisse.",
    },
    "delivery.removed": {
        "en": "The receiver was removed or switched off before this could be delivered.",
        "fr": "Le destinataire a été supprimé ou désactivé avant que l'envoi n'aboutisse.",
    },
    "delivery.too_old": {
        "en": "It waited longer than {seconds} s for this receiver and was given up.",
        "fr": "L'envoi a attendu ce destinataire plus de {seconds} s et a été abandonné.",
    },
    "delivery.crashed": {
        "en": "Unexpected fault while delivering: {reason}. Later events are still delivered; please report the log.",
        "fr": "Panne inattendue pendant l'envoi : {reason}. Les événements suivants sont envoyés ; merci de signaler le journal.",
    },
    # -- settings
    "settings.unreadable": {
        "en": "The settings {path} cannot be read: {reason}. Let the user of ClapTrap read that file.",
        "fr": "Les réglages {path} ne peuvent pas être lus : {reason}. Donnez à l'utilisateur de ClapTrap le droit de lire ce fichier.",
    },
    "settings.unwritable": {
        "en": "The settings cannot be written to {path}: {reason}. Choose another folder with --data-dir or mend the permissions.",
        "fr": "Les réglages ne peuvent pas être écrits dans {path} : {reason}. Choisissez un autre dossier avec --data-dir "
        "ou corrigez les permissions.",
    },
    "settings.disk_full": {
        "en": "The settings cannot be written in {path}: the disk is full. Make room; nothing was changed.",
        "fr": "Les réglages ne peuvent pas être écrits dans {path} : le disque est plein. Faites de la place ; rien n'a été changé.",
    },
    "settings.read_only": {
        "en": "The settings cannot be written in {path}: it is read-only. Mount it for writing, or choose another folder with --data-dir.",
        "fr": "Les réglages ne peuvent pas être écrits dans {path} : c'est en lecture seule. Montez-le en écriture, ou choisissez un autre dossier avec --data-dir.",
    },
    "settings.wrong_owner": {
        "en": "{path} belongs to {owner}, and ClapTrap runs as {user}, who may not use it. Give it back (sudo chown -R {user} on the data "
        "folder) and start ClapTrap again, or choose another folder with --data-dir.",
        "fr": "{path} appartient à {owner}, et ClapTrap tourne sous {user}, qui n'y a pas droit. Rendez-le-lui (sudo chown -R {user} sur le "
        "dossier de données) et relancez ClapTrap, ou choisissez un autre dossier avec --data-dir.",
    },
    "settings.newer": {
        "en": "The settings were written by a newer ClapTrap (their version is {version}, this one knows up to {known}). They are left as "
        "they are. Install the newer ClapTrap again, or go back to settings of before: claptrap settings backups, then "
        "claptrap settings restore NAME.",
        "fr": "Les réglages ont été écrits par un ClapTrap plus récent (leur version est {version}, celui-ci connaît jusqu'à {known}). Ils "
        "restent tels quels. Réinstallez le ClapTrap récent, ou revenez à des réglages d'avant : claptrap settings backups, puis "
        "claptrap settings restore NOM.",
    },
    "settings.stale": {
        "en": "Somebody else has changed the settings meanwhile. Look at them again, then change them.",
        "fr": "Quelqu'un d'autre a changé les réglages entre-temps. Regardez-les à nouveau, puis changez-les.",
    },
    "settings.unknown_step": {
        "en": "This change cannot be undone any more: it was undone already, went on, or is too long ago. The backups have what was before.",
        "fr": "Ce changement ne peut plus être annulé : il l'a déjà été, s'est poursuivi, ou est trop ancien. Les sauvegardes ont ce qu'il y avait avant.",
    },
    "settings.changed_since": {
        "en": "Nothing was undone: “{path}” has been changed again since.",
        "fr": "Rien n'a été annulé : « {path} » a encore été changé depuis.",
    },
    "settings.unknown_backup": {
        "en": "There is no backup “{name}”.",
        "fr": "Il n'y a pas de sauvegarde « {name} ».",
    },
    "settings.damaged": {
        "en": "The settings were damaged. They were set aside as {aside} and the last good backup is in use.",
        "fr": "Les réglages étaient endommagés. Ils ont été mis de côté ({aside}) et la dernière bonne sauvegarde est utilisée.",
    },
    "settings.damaged_no_backup": {
        "en": "The settings were damaged and no backup was found. They were set aside as {aside}; ClapTrap starts with its defaults.",
        "fr": "Les réglages étaient endommagés et sans sauvegarde. Ils ont été mis de côté ({aside}) ; ClapTrap repart "
        "des valeurs par défaut.",
    },
    "settings.not_json": {
        "en": "The settings {path} are not a JSON document (line {line}, column {column}).",
        "fr": "Les réglages {path} ne sont pas un document JSON (ligne {line}, colonne {column}).",
    },
    "settings.invalid_document": {
        "en": "The settings are not valid: {count} fault(s), first at {first}.",
        "fr": "Les réglages ne sont pas valides : {count} faute(s), d'abord dans {first}.",
    },
    "settings.duplicate_id": {
        "en": "Two sources have the id “{id}”; each needs its own.",
        "fr": "Deux sources ont l'identifiant « {id} » ; chacune doit avoir le sien.",
    },
    "settings.fixed_id": {
        "en": "A source keeps its id. Add another source, and remove this one.",
        "fr": "Une source garde son identifiant. Ajoutez une autre source, et retirez celle-ci.",
    },
    "settings.duplicate_webhook": {
        "en": "Two webhooks of this source have the id “{id}”; each needs its own.",
        "fr": "Deux webhooks de cette source ont l'identifiant « {id} » ; chacun doit avoir le sien.",
    },
    "settings.bad_header": {
        "en": "“{name}” cannot be the name of a header: letters, digits and hyphens, no spaces.",
        "fr": "« {name} » ne peut pas être un nom d'en-tête : lettres, chiffres et traits d'union, sans espace.",
    },
    "settings.our_header": {
        "en": "ClapTrap sets the header “{name}” itself; choose another.",
        "fr": "ClapTrap fixe lui-même l'en-tête « {name} » ; choisissez-en un autre.",
    },
    "settings.bad_header_value": {
        "en": "A header's value has only plain letters, digits and signs (ASCII), on one line, without spaces around it.",
        "fr": "La valeur d'un en-tête n'a que des lettres sans accent, chiffres et signes (ASCII), sur une ligne, sans espaces autour.",
    },
    "settings.bad_signing_secret": {
        "en": "What follows “whsec_” must be Base64, as the receiver gave it. Any other text may be a secret too, without “whsec_”.",
        "fr": "Ce qui suit « whsec_ » doit être en Base64, comme le destinataire l'a donné. Tout autre texte peut aussi servir de secret, sans « whsec_ ».",
    },
    "settings.missing": {"en": "This is missing.", "fr": "Cette valeur manque."},
    "settings.missing_kind": {
        "en": "The source's kind is missing: microphone, file, rtsp, vban or browser.",
        "fr": "Le type de la source manque : microphone, file, rtsp, vban ou browser.",
    },
    "settings.greater_than": {"en": "It must be greater than {bound}.", "fr": "La valeur doit être supérieure à {bound}."},
    "settings.at_least": {"en": "It must be at least {bound}.", "fr": "La valeur doit être au moins {bound}."},
    "settings.at_most": {"en": "It must be at most {bound}.", "fr": "La valeur doit être au plus {bound}."},
    "settings.not_a_number": {"en": "It must be a number.", "fr": "Il faut un nombre."},
    "settings.not_a_whole_number": {"en": "It must be a whole number.", "fr": "Il faut un nombre entier."},
    "settings.not_a_switch": {"en": "It must be true or false.", "fr": "Il faut true (oui) ou false (non)."},
    "settings.not_a_text": {"en": "It must be a text.", "fr": "Il faut un texte."},
    "settings.empty": {"en": "It must not be empty.", "fr": "Ce texte ne doit pas être vide."},
    "settings.too_long": {"en": "It may have {bound} characters at most.", "fr": "Ce texte a {bound} caractères au plus."},
    "settings.too_few": {"en": "There must be {bound} at least.", "fr": "Il en faut au moins {bound}."},
    "settings.too_many": {"en": "There may be {bound} at most.", "fr": "Il peut y en avoir {bound} au plus."},
    "settings.bad_id": {
        "en": "An id has 1 to 64 small letters, digits and hyphens.",
        "fr": "Un identifiant a de 1 à 64 lettres minuscules, chiffres et traits d'union.",
    },
    "settings.not_one_of": {"en": "It must be one of {bound}.", "fr": "Il faut l'une de ces valeurs : {bound}."},
    "settings.not_one_of_near": {
        "en": "It must be one of {bound}. Did you mean “{near}”?",
        "fr": "Il faut l'une de ces valeurs : {bound}. Vouliez-vous dire « {near} » ?",
    },
    "settings.not_an_object": {"en": "It must be an object: {{…}}.", "fr": "Il faut un objet : {{…}}."},
    "settings.not_a_list": {"en": "It must be a list: […].", "fr": "Il faut une liste : […]."},
    "settings.unknown_key": {
        "en": "There is no such setting. Take it away.",
        "fr": "Ce réglage n'existe pas. Retirez-le.",
    },
    "settings.unknown_key_near": {
        "en": "There is no such setting. Did you mean “{near}”?",
        "fr": "Ce réglage n'existe pas. Vouliez-vous dire « {near} » ?",
    },
    "settings.bad_content_type": {
        "en": "A content type is written like application/json or text/plain; charset=utf-8.",
        "fr": "Un type de contenu s'écrit comme application/json ou text/plain; charset=utf-8.",
    },
    "settings.bad_template": {
        "en": "The template cannot be used: {reason}. The names and filters that it may use are in docs/webhooks.md.",
        "fr": "Le modèle est inutilisable : {reason}. Les noms et filtres permis sont dans docs/fr/webhooks.md.",
    },
    "settings.template_of_get": {
        "en": "A GET has no body, so a template has no use. Choose POST or PUT, or take the template away.",
        "fr": "Un GET n'a pas de corps : un modèle n'y sert à rien. Choisissez POST ou PUT, ou retirez le modèle.",
    },
    "settings.template_not_json": {
        "en": 'For a source named Salon "été" the body would be no JSON: {made}. Write {{{{ source_name | tojson }}}}, without quotation marks around it.',
        "fr": 'Pour une source nommée Salon "été", le corps ne serait pas du JSON : {made}. Écrivez {{{{ source_name | tojson }}}}, sans guillemets autour.',
    },
    "settings.masked": {
        "en": "This stands for a secret that is hidden. Type the secret itself.",
        "fr": "Ceci remplace un secret caché. Tapez le secret lui-même.",
    },
    "settings.secret_elsewhere": {
        "en": "The address leads to another machine, port or protocol, and a hidden secret is kept only for the place it was given for. Type the secret again, or take it away.",
        "fr": "L'adresse mène à une autre machine, un autre port ou un autre protocole, et un secret caché n'est gardé que pour l'endroit pour lequel il a été donné. Tapez-le à nouveau, ou retirez-le.",
    },
    # -- the terminal: settings
    "terminal.file": {
        "en": "Settings of {path}",
        "fr": "Réglages de {path}",
    },
    "terminal.no_file": {
        "en": "{path} does not exist yet: the defaults are in force.",
        "fr": "{path} n'existe pas encore : les valeurs par défaut sont en vigueur.",
    },
    "terminal.override": {
        "en": "{variable} is set: {option} = {value}",
        "fr": "{variable} est défini : {option} = {value}",
    },
    "terminal.override_near": {
        "en": "{variable} is unknown. Did you mean {near}?",
        "fr": "{variable} est inconnu. Vouliez-vous dire {near} ?",
    },
    "terminal.valid": {
        "en": "{path} is valid: {sources} source(s).",
        "fr": "{path} est valable : {sources} source(s).",
    },
    "terminal.given": {"en": "given: {value}", "fr": "donné : {value}"},
    "terminal.no_backups": {
        "en": "There is no backup yet; one is made before each change.",
        "fr": "Il n'y a pas encore de sauvegarde ; chaque changement en fait une.",
    },
    "terminal.no_difference": {
        "en": "Nothing would change.",
        "fr": "Rien ne changerait.",
    },
    "terminal.restored": {
        "en": "{name} is in force again; the settings of before are a backup.",
        "fr": "{name} est de nouveau en vigueur ; les réglages d'avant sont sauvegardés.",
    },
    "terminal.imported": {
        "en": "{path} was imported; the settings of before are a backup.",
        "fr": "{path} est importé ; les réglages d'avant sont sauvegardés.",
    },
    "terminal.with_secrets": {
        "en": "Passwords and tokens are in this file: keep it like one, and send it to nobody.",
        "fr": "Ce fichier contient des mots de passe et des jetons : gardez-le comme tel, et ne l'envoyez à personne.",
    },
    "terminal.not_written": {
        "en": "{path} cannot be written: {reason}. Name another file.",
        "fr": "{path} ne peut pas être écrit : {reason}. Nommez un autre fichier.",
    },
    "terminal.no_such_file": {
        "en": "{path} is no file that is there. Check its name.",
        "fr": "{path} n'est pas un fichier qui existe. Vérifiez son nom.",
    },
    "terminal.while_it_runs": {
        "en": "While it runs, its page restores and imports settings, as does /api/settings.",
        "fr": "Tant qu'il tourne, sa page restaure et importe les réglages, ainsi que /api/settings.",
    },
    "terminal.go_on": {
        "en": "Do it?",
        "fr": "Le faire ?",
    },
    "terminal.left_out": {
        "en": "not taken",
        "fr": "non repris",
    },
    "terminal.adapted": {
        "en": "adapted",
        "fr": "adapté",
    },
    "terminal.refused": {
        "en": "refused",
        "fr": "refusé",
    },
    "terminal.before_change": {
        "en": "before a change",
        "fr": "avant un changement",
    },
    "terminal.before_restore": {
        "en": "before a restore",
        "fr": "avant une restauration",
    },
    "terminal.before_import": {
        "en": "before an import",
        "fr": "avant un import",
    },
    "terminal.before_undo": {
        "en": "before an undo",
        "fr": "avant une annulation",
    },
    "terminal.before_asked": {
        "en": "on request",
        "fr": "à la demande",
    },
    # -- importing settings
    "import.unknown_format": {
        "en": "These are neither settings of ClapTrap nor of the original (settings.json) nor of its Home Assistant fork.",
        "fr": "Ce ne sont ni des réglages de ClapTrap, ni ceux de l'original (settings.json), ni ceux de son fork Home Assistant.",
    },
    "import.secret_left_out": {
        "en": "This secret is not in the document, and the one that is known here is for another address. Type it in afterwards.",
        "fr": "Ce secret n'est pas dans le document, et celui connu ici est pour une autre adresse. Tapez-le après l'import.",
    },
    "import.unknown": {"en": "ClapTrap has no such setting.", "fr": "ClapTrap n'a pas ce réglage."},
    "import.unused": {
        "en": "The original does not use this either.",
        "fr": "L'original ne s'en sert pas non plus.",
    },
    "import.not_needed": {
        "en": "ClapTrap does not need this: it adapts to each source by itself.",
        "fr": "ClapTrap n'en a pas besoin : il s'adapte tout seul à chaque source.",
    },
    "import.always_starts": {
        "en": "ClapTrap hears every enabled source as soon as it starts. Switch the source off if it should not.",
        "fr": "ClapTrap écoute chaque source activée dès son démarrage. Désactivez la source s'il ne le faut pas.",
    },
    "import.sounds": {
        "en": "Which sounds count is not chosen from a list here: a model made for claps decides.",
        "fr": "Les sons qui comptent ne se choisissent pas dans une liste ici : un modèle fait pour les claps décide.",
    },
    "import.by_name": {
        "en": "A microphone is known by its name here, for its number changes when another is plugged in.",
        "fr": "Un micro est reconnu à son nom ici, car son numéro change quand on en branche un autre.",
    },
    "import.of_the_page": {
        "en": "This is a remainder of the page, not a setting.",
        "fr": "C'est un reste de la page, pas un réglage.",
    },
    "import.threshold": {
        "en": "Taken as {value}. Scores are made otherwise here: watch them on the page and adjust the threshold.",
        "fr": "Repris : {value}. Les scores sont calculés autrement ici : observez-les sur la page et ajustez le seuil.",
    },
    "import.one_threshold": {
        "en": "A source has one threshold here; the lowest of its groups is taken: {value}.",
        "fr": "Une source a un seul seuil ici ; le plus bas de ses groupes est repris : {value}.",
    },
    "import.groups": {
        "en": "The source reacts to exactly so many claps: {counts}. Names of Home Assistant entities are not taken.",
        "fr": "La source réagit à exactement autant de claps : {counts}. Les noms des entités Home Assistant ne sont pas repris.",
    },
    "import.too_many_claps": {
        "en": "Rows have from 1 to {most} claps here.",
        "fr": "Les suites ont de 1 à {most} claps ici.",
    },
    "import.source_refused": {
        "en": "The source “{name}” is not taken; see what is wrong with it.",
        "fr": "La source « {name} » n'est pas reprise ; voyez ce qui ne va pas.",
    },
    "settings.other": {"en": "It is not valid: {reason}.", "fr": "Valeur refusée : {reason}."},
    "settings.locked": {
        "en": "Another ClapTrap (process {holder}, since {since}) uses the folder {path}. Stop it or choose another --data-dir.",
        "fr": "Un autre ClapTrap (processus {holder}, depuis {since}) utilise le dossier {path}. Arrêtez-le ou choisissez un autre --data-dir.",
    },
    # -- history
    "history.unwritable": {
        "en": "The history {path} cannot be written: {reason}. Claps are heard and told all the same; meanwhile the newest are kept in memory, and written down as soon as that can be done.",
        "fr": "L'historique {path} ne peut pas être écrit : {reason}. Les claps sont entendus et envoyés quand même ; les plus récents sont gardés en mémoire, et écrits dès que possible.",
    },
    "history.newer": {
        "en": "The history {path} was written by a newer ClapTrap (version {version}; this one knows {known}). It was left as it is, and the history is kept in memory. Install the newer ClapTrap, or move the file away.",
        "fr": "L'historique {path} a été écrit par un ClapTrap plus récent (version {version} ; celui-ci connaît {known}). Il est laissé tel quel, et l'historique est gardé en mémoire. Installez le ClapTrap récent, ou déplacez le fichier.",
    },
    "history.damaged": {"en": "The history {path} is damaged.", "fr": "L'historique {path} est endommagé."},
    "history.set_aside": {
        "en": "The history was damaged. It was set aside as {aside}, and a new one was begun; settings and hearing are not concerned.",
        "fr": "L'historique était endommagé. Il a été mis de côté ({aside}) et un nouveau a été commencé ; les réglages et l'écoute ne sont pas touchés.",
    },
    # -- service
    "service.port_taken": {
        "en": "Port {port} on {host} is taken by another program. Stop it or choose another with --port.",
        "fr": "Le port {port} sur {host} est pris par un autre programme. Arrêtez-le ou choisissez-en un autre avec --port.",
    },
    "service.port_forbidden": {
        "en": "This user may not listen on port {port}. Choose one above 1023 with --port.",
        "fr": "Cet utilisateur ne peut pas écouter sur le port {port}. Choisissez-en un au-dessus de 1023 avec --port.",
    },
    "service.address_unknown": {
        "en": "The address {host} does not belong to this machine. Choose another with --host.",
        "fr": "L'adresse {host} n'est pas celle de cette machine. Choisissez-en une autre avec --host.",
    },
    "service.cannot_listen": {
        "en": "ClapTrap cannot listen on {host}, port {port}: {reason}. Try another --host or --port.",
        "fr": "ClapTrap ne peut pas écouter sur {host}, port {port} : {reason}. Essayez un autre --host ou --port.",
    },
    "service.stalled": {
        "en": "The thread “{thread}” does not move: nothing is heard meanwhile. If it lasts, start ClapTrap again; please report the log.",
        "fr": "Le fil « {thread} » n'avance plus : rien n'est entendu pendant ce temps. Si cela dure, redémarrez ClapTrap ; merci de signaler le journal.",
    },
    "service.ending": {"en": "ClapTrap is being stopped.", "fr": "ClapTrap est en cours d'arrêt."},
    "service.tls_unwritable": {
        "en": "The certificate cannot be kept in {path}: {reason}. Choose another folder with --data-dir or mend the permissions.",
        "fr": "Le certificat ne peut pas être gardé dans {path} : {reason}. Choisissez un autre dossier avec --data-dir ou corrigez les permissions.",
    },
    # -- who may come in
    "access.login_needed": {
        "en": "Log in first, or send an API token (Authorization: Bearer …).",
        "fr": "Connectez-vous d'abord, ou envoyez un jeton d'API (Authorization: Bearer …).",
    },
    "access.setup_needed": {
        "en": "ClapTrap can be reached from the network and has no password yet. Set one on its page with the code that it printed when "
        "it started, or with: claptrap password.",
        "fr": "ClapTrap est accessible depuis le réseau et n'a pas encore de mot de passe. Choisissez-en un sur sa page avec le code affiché "
        "à son démarrage, ou avec : claptrap password.",
    },
    "access.setup_code": {
        "en": "No password is set yet, so nobody is let in. Open the page and set one with this code: {setup}",
        "fr": "Aucun mot de passe n'est encore choisi, donc personne n'entre. Ouvrez la page et choisissez-en un avec ce code : {setup}",
    },
    "access.ask_password": {"en": "New password", "fr": "Nouveau mot de passe"},
    "access.ask_again": {"en": "The same again", "fr": "Le même, encore une fois"},
    "access.differ": {
        "en": "The two are not the same. Nothing has changed.",
        "fr": "Les deux ne sont pas identiques. Rien n'a changé.",
    },
    "access.password_set": {
        "en": "The password is set; everybody must log in anew.",
        "fr": "Le mot de passe est choisi ; tout le monde doit se reconnecter.",
    },
    "access.password_removed": {"en": "There is no password any more.", "fr": "Il n'y a plus de mot de passe."},
    "access.token_shown_once": {
        "en": "Keep it now; it cannot be shown again.",
        "fr": "Gardez-le maintenant : il ne pourra plus être montré.",
    },
    "access.no_tokens": {"en": "There are no tokens.", "fr": "Il n'y a aucun jeton."},
    "access.token_revoked": {
        "en": "The token “{name}” is worth nothing any more.",
        "fr": "Le jeton « {name} » ne vaut plus rien.",
    },
    "access.wrong_password": {"en": "The password is wrong.", "fr": "Le mot de passe est faux."},
    "access.wrong_code": {
        "en": "The set-up code is wrong. It is what ClapTrap printed in its terminal, or its log, when it started.",
        "fr": "Le code de mise en service est faux. C'est celui que ClapTrap a affiché dans son terminal, ou son journal, à son démarrage.",
    },
    "access.too_often": {
        "en": "Too many failed attempts. Try again in {seconds} s.",
        "fr": "Trop d'essais manqués. Réessayez dans {seconds} s.",
    },
    "access.too_short": {
        "en": "The password needs at least {least} characters.",
        "fr": "Le mot de passe doit avoir au moins {least} caractères.",
    },
    "access.too_long": {
        "en": "The password may have at most {most} characters.",
        "fr": "Le mot de passe peut avoir au plus {most} caractères.",
    },
    "access.switched_off": {
        "en": "ClapTrap runs with --no-auth: whoever reaches it may do everything, so passwords and tokens are not managed here. "
        "Start it without --no-auth first.",
        "fr": "ClapTrap tourne avec --no-auth : qui l'atteint peut tout faire, donc ni mot de passe ni jeton ne se règlent ici. "
        "Démarrez-le d'abord sans --no-auth.",
    },
    "access.bad_token_name": {
        "en": "A token's name is a line of 1 to {most} characters.",
        "fr": "Le nom d'un jeton est une ligne de 1 à {most} caractères.",
    },
    "access.name_taken": {"en": "There is a token “{name}” already.", "fr": "Il y a déjà un jeton « {name} »."},
    "access.too_many_tokens": {
        "en": "There are {most} tokens already. Revoke those that nobody uses.",
        "fr": "Il y a déjà {most} jetons. Révoquez ceux qui ne servent plus.",
    },
    "access.unknown_token": {"en": "There is no token “{id}”.", "fr": "Il n'y a pas de jeton « {id} »."},
    "access.not_a_text": {
        "en": "A password, code or name must be a text.",
        "fr": "Mot de passe, code et nom doivent être des textes.",
    },
    "access.damaged": {
        "en": "{path}, which has the password, cannot be read, so nobody is let in. Mend its permissions, or delete it and run: claptrap password.",
        "fr": "{path}, qui contient le mot de passe, est illisible : personne ne peut entrer. Corrigez ses permissions, ou supprimez-le et "
        "lancez : claptrap password.",
    },
    "access.unwritable": {
        "en": "{path} cannot be written: {reason}. Make room on the disk or mend the permissions.",
        "fr": "{path} ne peut pas être écrit : {reason}. Libérez de la place sur le disque ou corrigez les permissions.",
    },
    # -- reverse proxies
    "proxy.bad_address": {
        "en": "--trusted-proxy: “{address}” is no IP address or network, like 192.168.1.5 or 172.30.32.0/23.",
        "fr": "--trusted-proxy : « {address} » n'est pas une adresse IP ni un réseau, comme 192.168.1.5 ou 172.30.32.0/23.",
    },
    "proxy.bad_path": {
        "en": "--base-path: “{path}” is no path like /claptrap.",
        "fr": "--base-path : « {path} » n'est pas un chemin comme /claptrap.",
    },
    # -- API
    "api.not_found": {"en": "There is nothing at this address.", "fr": "Il n'y a rien à cette adresse."},
    "api.bad_request": {"en": "The request is not understood: {reason}.", "fr": "Requête incomprise : {reason}."},
    "api.not_allowed": {"en": "This address does not take this method.", "fr": "Cette adresse n'accepte pas cette méthode."},
    "api.not_json": {
        "en": "The request must be a JSON document (Content-Type: application/json).",
        "fr": "La requête doit être un document JSON (Content-Type: application/json).",
    },
    "api.not_an_object": {"en": "The request must be an object: {{…}}.", "fr": "La requête doit être un objet : {{…}}."},
    "api.foreign_host": {
        "en": "ClapTrap does not answer under this name. Use its address, or add the name with --allowed-host.",
        "fr": "ClapTrap ne répond pas sous ce nom. Utilisez son adresse, ou ajoutez ce nom avec --allowed-host.",
    },
    "api.too_many_connections": {
        "en": "{most} connections are open already, as many as may be. Close pages that are not needed, and try again.",
        "fr": "{most} connexions sont déjà ouvertes, et c'est le plus possible. Fermez les pages inutiles, puis réessayez.",
    },
    "api.too_slow": {"en": "The request came too slowly.", "fr": "La requête est arrivée trop lentement."},
    "api.too_large": {"en": "The request is too large.", "fr": "La requête est trop grosse."},
    "api.internal": {"en": "Unexpected fault; the log has the details.", "fr": "Panne inattendue ; voir le journal."},
    "api.forbidden_origin": {
        "en": "This request comes from another site and was refused.",
        "fr": "Cette requête vient d'un autre site et a été refusée.",
    },
    "api.bad_port": {
        "en": "A port is a number from 1 to 65535.",
        "fr": "Un port est un nombre de 1 à 65535.",
    },
    "api.unknown_source": {"en": "There is no source “{source}”.", "fr": "Il n'y a pas de source « {source} »."},
    "api.not_a_browser": {
        "en": "“{source}” is not a browser's source.",
        "fr": "« {source} » n'est pas la source d'un navigateur.",
    },
    "api.not_a_name": {
        "en": "It must be a text of 1 to {most} characters.",
        "fr": "Il faut un texte de 1 à {most} caractères.",
    },
    "api.bad_parameter": {
        "en": "The value of “{name}” in the address is not understood.",
        "fr": "La valeur de « {name} » dans l'adresse n'est pas comprise.",
    },
    "clips.unwritable": {
        "en": "Clips cannot be kept in {path}: {reason}. Detections are kept and told all the same. Free the disk or give ClapTrap the folder; it tries again with the next clip.",
        "fr": "Les extraits sonores ne peuvent pas être conservés dans {path} : {reason}. Les détections sont conservées et annoncées malgré tout. Libérez le disque ou donnez le dossier à ClapTrap ; il réessaie au prochain extrait.",
    },
    "clips.disk_full": {
        "en": "The disk has only {free_mb} MB left, and clips leave {leave_mb} MB to the rest: no more are kept until there is room. Detections are kept and told all the same.",
        "fr": "Il ne reste que {free_mb} Mo sur le disque, et les extraits sonores en laissent {leave_mb} au reste : aucun n'est plus conservé tant qu'il n'y a pas de place. Les détections sont conservées et annoncées malgré tout.",
    },
    "api.no_clip": {
        "en": "There is no clip of the detection “{id}”.",
        "fr": "Il n'y a pas d'extrait sonore de la détection « {id} ».",
    },
    "api.bad_mark": {
        "en": 'A detection is marked with {{"mark": "clap"}}, "not_clap", or null to take the mark back.',
        "fr": 'Une détection se marque par {{"mark": "clap"}}, "not_clap", ou null pour retirer la marque.',
    },
    "history.too_many": {
        "en": "{found} detections fit, and a file holds {most} at most. Ask for less, for instance with `since` and `before`.",
        "fr": "{found} détections conviennent, et un fichier en contient {most} au plus. Demandez-en moins, par exemple avec `since` et `before`.",
    },
    "api.unknown_event": {"en": "There is no detection “{id}”.", "fr": "Il n'y a pas de détection « {id} »."},
    "api.unknown_delivery": {"en": "There is no delivery “{id}”.", "fr": "Il n'y a pas d'envoi « {id} »."},
    "api.no_receiver": {
        "en": "Nobody is there to be told: the webhook was removed, switched off, or has no address.",
        "fr": "Il n'y a plus de destinataire : le webhook a été supprimé, désactivé, ou n'a pas d'adresse.",
    },
    "api.unknown_webhook": {
        "en": "The source “{source}” has no webhook “{webhook}”.",
        "fr": "La source « {source} » n'a pas de webhook « {webhook} ».",
    },
    "api.too_many_probes": {
        "en": "{most} cameras are being tried already, which is as many as may be at once. Try again in {seconds} s.",
        "fr": "{most} caméras sont déjà à l'essai, et c'est le plus possible à la fois. Réessayez dans {seconds} s.",
    },
    "api.microphone_probed": {
        "en": "Another microphone is being tried just now. Try again in {seconds} s.",
        "fr": "Un autre micro est à l'essai en ce moment. Réessayez dans {seconds} s.",
    },
    "api.too_many_watched": {
        "en": "The sound of {most} sources is being looked at already, which is as many as may be at once.",
        "fr": "Le son de {most} sources est déjà regardé, et c'est le plus possible à la fois.",
    },
    "api.unknown_notify": {
        "en": "There is no notification service “{id}”.",
        "fr": "Il n'y a pas de service de notification « {id} ».",
    },
    "api.no_notify": {
        "en": "The notification service “{id}” is switched off, or has no address.",
        "fr": "Le service de notification « {id} » est désactivé, ou n'a pas d'adresse.",
    },
    "api.no_webhook": {
        "en": "This source has no webhook to test. Give an address first.",
        "fr": "Cette source n'a pas de webhook à tester. Donnez d'abord une adresse.",
    },
}


def say(code: str, language: Language, **params: str | float) -> str:
    """Return the sentence for ``code``; the bare code where the catalogue has none (a test forbids it)."""
    sentence = SENTENCES.get(code)
    return sentence[language].format(**params) if sentence else code
