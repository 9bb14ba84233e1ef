"""The doctor's sentences, in French and English; ``wording`` has them with all others."""

from __future__ import annotations

from typing import Literal

DOCTOR: dict[str, dict[Literal["fr", "en"], str]] = {
    "api.examining": {
        "en": "A support bundle is being made already. Try again in {seconds} s.",
        "fr": "Un dossier d'assistance est déjà en préparation. Réessayez dans {seconds} s.",
    },
    "doctor.bundle": {
        "en": "The support bundle is in {path}. Secrets and addresses were taken out; look through it before you pass it on.",
        "fr": "Le dossier d'assistance est dans {path}. Secrets et adresses en ont été retirés ; regardez-le avant de le transmettre.",
    },
    "doctor.bundle_unwritable": {
        "en": "The support bundle cannot be written to {path}: {reason}. Name another file.",
        "fr": "Le dossier d'assistance ne peut pas être écrit dans {path} : {reason}. Nommez un autre fichier.",
    },
    "doctor.python": {
        "en": "Python {version}, {system}, {machine}.",
        "fr": "Python {version}, {system}, {machine}.",
    },
    "doctor.python_untried": {
        "en": "Python {version}, {system}, {machine}: ClapTrap was tried with 3.11 to 3.13. If something fails, use one of these.",
        "fr": "Python {version}, {system}, {machine} : ClapTrap a été essayé avec 3.11 à 3.13. Si quelque chose échoue, prenez l'une de ces versions.",
    },
    "doctor.processor": {
        "en": "The processor has what the libraries need ({flags}).",
        "fr": "Le processeur a ce qu'il faut aux bibliothèques ({flags}).",
    },
    "doctor.processor_old": {
        "en": "The processor lacks {flags}, which NumPy and LiteRT are built for (x86-64-v2, or NEON on ARM). Use a newer machine; in a virtual machine choose the processor type “host”.",
        "fr": "Il manque au processeur {flags}, dont NumPy et LiteRT ont besoin (x86-64-v2, ou NEON sur ARM). Prenez une machine plus récente ; dans une machine virtuelle, choisissez le type de processeur « host ».",
    },
    "doctor.litert_hears": {
        "en": "NumPy and LiteRT load, and YAMNet runs here.",
        "fr": "NumPy et LiteRT se chargent, et YAMNet fonctionne ici.",
    },
    "doctor.litert_loads": {
        "en": "NumPy and LiteRT load; YAMNet was not tried, because its file is absent or wrong.",
        "fr": "NumPy et LiteRT se chargent ; YAMNet n'a pas été essayé, car son fichier est absent ou faux.",
    },
    "doctor.illegal_instruction": {
        "en": "{library} uses instructions that this processor does not have (illegal instruction). On an old processor, or in a virtual machine without AVX, set OPENBLAS_CORETYPE=Nehalem before starting ClapTrap; in a virtual machine better choose the processor type “host”.",
        "fr": "{library} utilise des instructions que ce processeur n'a pas (instruction illégale). Sur un vieux processeur, ou dans une machine virtuelle sans AVX, mettez OPENBLAS_CORETYPE=Nehalem avant de lancer ClapTrap ; dans une machine virtuelle, choisissez plutôt le type de processeur « host ».",
    },
    "doctor.killed": {
        "en": "{library} was ended by the system ({signal}). Too little memory? Otherwise install ClapTrap afresh, and please report this.",
        "fr": "{library} a été arrêté par le système ({signal}). Trop peu de mémoire ? Sinon réinstallez ClapTrap, et merci de le signaler.",
    },
    "doctor.library_failed": {
        "en": "{library} does not work: {reason}. Install ClapTrap afresh in an empty environment (python -m venv).",
        "fr": "{library} ne fonctionne pas : {reason}. Réinstallez ClapTrap dans un environnement vide (python -m venv).",
    },
    "doctor.trial_hangs": {
        "en": "Loading the libraries took more than {seconds} s. The disk or the processor is overloaded: try again when it rests.",
        "fr": "Le chargement des bibliothèques a duré plus de {seconds} s. Le disque ou le processeur est débordé : réessayez au calme.",
    },
    "doctor.running": {
        "en": "The service runs on this data folder (process {pid}).",
        "fr": "Le service tourne sur ce dossier de données (processus {pid}).",
    },
    "doctor.not_running": {
        "en": "No service runs on this data folder; claptrap serve starts one.",
        "fr": "Aucun service ne tourne sur ce dossier de données ; claptrap serve en lance un.",
    },
    "doctor.folder": {
        "en": "The data folder {path} can be written.",
        "fr": "Le dossier de données {path} est accessible en écriture.",
    },
    "doctor.folder_to_be": {
        "en": "The data folder {path} will be made at the first start.",
        "fr": "Le dossier de données {path} sera créé au premier lancement.",
    },
    "doctor.file_unwritable": {
        "en": "{path} belongs to another user and cannot be written. Was ClapTrap once started with sudo? Then: sudo chown $USER on that file.",
        "fr": "{path} appartient à un autre utilisateur et ne peut pas être écrit. ClapTrap a-t-il été lancé avec sudo ? Alors : sudo chown $USER sur ce fichier.",
    },
    "doctor.disk": {"en": "{free_mb} MB are free for {path}.", "fr": "{free_mb} Mo libres pour {path}."},
    "doctor.disk_low": {
        "en": "Only {free_mb} MB are free for {path}. Make room before the history can no longer be written.",
        "fr": "Seulement {free_mb} Mo libres pour {path}. Faites de la place avant que l'historique ne puisse plus être écrit.",
    },
    "doctor.disk_full": {
        "en": "The disk of {path} is full ({free_mb} MB free). Make room: settings and history cannot be kept.",
        "fr": "Le disque de {path} est plein ({free_mb} Mo libres). Faites de la place : réglages et historique ne peuvent pas être gardés.",
    },
    "doctor.clock": {"en": "The clock says {now} (UTC).", "fr": "L'horloge dit {now} (UTC)."},
    "doctor.clock_year": {
        "en": "The clock says that it is the year {year}: detections would be dated wrongly, and https fails. Set the clock (timedatectl set-ntp true).",
        "fr": "L'horloge dit que nous sommes en {year} : les détections seraient mal datées, et https échoue. Mettez-la à l'heure (timedatectl set-ntp true).",
    },
    "doctor.clock_jumps": {
        "en": "The clock was moved by {seconds} s during this examination. Hearing does not mind, the dates of detections do: let one time service only set it.",
        "fr": "L'horloge a bougé de {seconds} s pendant cet examen. L'écoute n'en souffre pas, les dates des détections si : qu'un seul service de temps la règle.",
    },
    "doctor.clock_alone": {
        "en": "The clock says {now} (UTC), and no time service keeps it right: is that the time? Otherwise: sudo timedatectl set-ntp true (on Debian perhaps first: sudo apt install systemd-timesyncd).",
        "fr": "L'horloge dit {now} (UTC), et aucun service de temps ne la tient à l'heure : est-ce la bonne ? Sinon : sudo timedatectl set-ntp true (sous Debian, peut-être d'abord : sudo apt install systemd-timesyncd).",
    },
    "doctor.settings_back": {
        "en": "The next start sets these settings aside and goes back to the newest good backup, {backup}. To keep them, mend the file before; claptrap settings check says whether it is valid.",
        "fr": "Le prochain lancement mettra ces réglages de côté et reviendra à la dernière bonne sauvegarde, {backup}. Pour les garder, corrigez le fichier avant ; claptrap settings check dit s'il est valide.",
    },
    "doctor.settings_lost": {
        "en": "The next start sets these settings aside and, as there is no good backup, begins with the defaults. To keep them, mend the file before; claptrap settings check says whether it is valid.",
        "fr": "Le prochain lancement mettra ces réglages de côté et, faute de bonne sauvegarde, repartira des valeurs par défaut. Pour les garder, corrigez le fichier avant ; claptrap settings check dit s'il est valide.",
    },
    "doctor.settings": {
        "en": "The settings are valid: {sources} source(s), {webhooks} webhook(s) in use.",
        "fr": "Les réglages sont valides : {sources} source(s), {webhooks} webhook(s) en service.",
    },
    "doctor.settings_to_be": {
        "en": "There are no settings yet; the defaults apply.",
        "fr": "Il n'y a pas encore de réglages ; les valeurs par défaut s'appliquent.",
    },
    "doctor.model": {"en": "the file {path} is the very one.", "fr": "le fichier {path} est bien le bon."},
    "doctor.model_absent": {
        "en": "there is no file in {folder}. Claps are heard without it, but sounds are not named: claptrap models pull.",
        "fr": "pas de fichier dans {folder}. Les claps sont entendus sans lui, mais les sons ne sont pas nommés : claptrap models pull.",
    },
    "doctor.port_free": {"en": "Port {port} on {host} is free.", "fr": "Le port {port} sur {host} est libre."},
    "doctor.port_ours": {
        "en": "ClapTrap answers on port {port} of {host}, and is well.",
        "fr": "ClapTrap répond sur le port {port} de {host}, et va bien.",
    },
    "doctor.port_taken_by": {
        "en": "Port {port} is taken by {program} (program, process). Stop it, or choose another port: for the page with --port, for VBAN in the sender and the source.",
        "fr": "Le port {port} est pris par {program} (programme, processus). Arrêtez-le, ou choisissez un autre port : pour la page avec --port, pour VBAN chez l'émetteur et dans la source.",
    },
    "doctor.portaudio": {
        "en": "PortAudio works and sees {devices} input(s).",
        "fr": "PortAudio fonctionne et voit {devices} entrée(s).",
    },
    "doctor.not_in_audio": {
        "en": "This user may not use the sound cards. Then: sudo usermod -aG audio $USER, and log in again.",
        "fr": "Cet utilisateur n'a pas accès aux cartes son. Alors : sudo usermod -aG audio $USER, puis reconnectez-vous.",
    },
    "doctor.microphone": {
        "en": "{rate_hz} Hz, {channels} channel(s), now {rms_dbfs} dBFS (peak {peak_dbfs}).",
        "fr": "{rate_hz} Hz, {channels} canal/canaux, en ce moment {rms_dbfs} dBFS (crête {peak_dbfs}).",
    },
    "doctor.microphone_zeros": {
        "en": "{rate_hz} Hz, {channels} channel(s), but its sound is exactly nothing: unmute it, or choose another input.",
        "fr": "{rate_hz} Hz, {channels} canal/canaux, mais son rigoureusement nul : réactivez-le, ou choisissez une autre entrée.",
    },
    "doctor.microphone_mute": {
        "en": "it opens, but gives no sound within {seconds} s. Plug it in again, or restart the sound system.",
        "fr": "il s'ouvre, mais ne donne aucun son en {seconds} s. Rebranchez-le, ou redémarrez le système de son.",
    },
    "doctor.microphone_in_use": {
        "en": "in use, by the service that runs as it seems: its level is on the page.",
        "fr": "occupé, par le service qui tourne semble-t-il : son niveau est sur la page.",
    },
    "doctor.reached": {"en": "reached in {ms} ms.", "fr": "joint en {ms} ms."},
    "doctor.vban_free": {"en": "UDP port {port} is free for VBAN.", "fr": "Le port UDP {port} est libre pour VBAN."},
    "doctor.vban_ours": {
        "en": "UDP port {port} is in use, by the service that runs as it seems.",
        "fr": "Le port UDP {port} est occupé, par le service qui tourne semble-t-il.",
    },
    "doctor.buffer": {
        "en": "The kernel grants {granted_kb} kB of network buffer, enough for {streams} VBAN stream(s).",
        "fr": "Le noyau accorde {granted_kb} ko de tampon réseau, assez pour {streams} flux VBAN.",
    },
    "doctor.buffer_small": {
        "en": "The kernel grants only {granted_kb} kB of network buffer for {streams} VBAN streams: sound may be lost when the machine is busy. Then: echo net.core.rmem_max={bytes} | sudo tee /etc/sysctl.d/90-claptrap.conf; sudo sysctl --system",
        "fr": "Le noyau n'accorde que {granted_kb} ko de tampon réseau pour {streams} flux VBAN : du son peut se perdre quand la machine est chargée. Alors : echo net.core.rmem_max={bytes} | sudo tee /etc/sysctl.d/90-claptrap.conf; sudo sysctl --system",
    },
    "doctor.ffmpeg": {"en": "FFmpeg: {path}.", "fr": "FFmpeg : {path}."},
    "doctor.ffmpeg_absent": {
        "en": "The program ffmpeg is not installed. Only MediaMTX needs it, to send a microphone; cameras work without it.",
        "fr": "Le programme ffmpeg n'est pas installé. Seul MediaMTX en a besoin, pour envoyer un microphone ; les caméras s'en passent.",
    },
}
