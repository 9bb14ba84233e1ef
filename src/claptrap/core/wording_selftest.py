"""What the built-in tests are called, in French and English; ``wording`` has them with all others."""

from __future__ import annotations

from typing import Literal

SELFTEST: dict[str, dict[Literal["fr", "en"], str]] = {
    "selftest.validation": {"en": "Checking of settings", "fr": "Validation des paramètres"},
    "selftest.files": {"en": "Files", "fr": "Fichiers"},
    "selftest.webhooks": {"en": "Webhooks", "fr": "Webhooks"},
    "selftest.sound": {"en": "Sound", "fr": "Son"},
    "selftest.threshold": {"en": "The threshold is between 0 and 1", "fr": "Le seuil est entre 0 et 1"},
    "selftest.delay": {"en": "The delay is greater than 0", "fr": "Le délai est supérieur à 0"},
    "selftest.webhook_url": {
        "en": "A webhook's address is http or https",
        "fr": "L'adresse d'un webhook est en http ou https",
    },
    "selftest.enabled": {"en": "A source is on or off, nothing else", "fr": "Une source est activée ou non, rien d'autre"},
    "selftest.all_at_once": {
        "en": "All faults are told at once, each with its place",
        "fr": "Toutes les fautes sont dites à la fois, chacune avec son endroit",
    },
    "selftest.secrets": {
        "en": "Secrets are never shown, and kept when given back masked",
        "fr": "Les secrets ne sont jamais montrés, et gardés quand ils reviennent masqués",
    },
    "selftest.round_trip": {
        "en": "What is saved is read again, and nothing temporary is left",
        "fr": "Ce qui est enregistré est relu, sans reste temporaire",
    },
    "selftest.permissions": {
        "en": "A folder that cannot be written is told, and nothing is lost",
        "fr": "Un dossier interdit en écriture est signalé, et rien n'est perdu",
    },
    "selftest.corruption": {
        "en": "A damaged file is set aside, and the backup used",
        "fr": "Un fichier abîmé est mis de côté, et la sauvegarde reprise",
    },
    "selftest.lock": {
        "en": "A second ClapTrap on the same folder is refused",
        "fr": "Un second ClapTrap sur le même dossier est refusé",
    },
    "selftest.backup": {
        "en": "The previous settings are kept as a backup",
        "fr": "Les réglages précédents sont gardés en sauvegarde",
    },
    "selftest.refusal": {
        "en": "A change with a fault in it changes nothing",
        "fr": "Une modification fautive ne change rien",
    },
    "selftest.preservation": {"en": "Stopping changes no setting", "fr": "L'arrêt préserve les paramètres"},
    "selftest.body": {
        "en": "A receiver gets source, timestamp and score",
        "fr": "Le destinataire reçoit source, timestamp et score",
    },
    "selftest.signature": {"en": "Headers and signature are sent along", "fr": "En-têtes et signature sont envoyés"},
    "selftest.timeout": {
        "en": "A receiver that never answers is given up in time",
        "fr": "Un destinataire muet est abandonné à temps",
    },
    "selftest.refused": {
        "en": "A receiver that is not there is told as such",
        "fr": "Un destinataire absent est signalé comme tel",
    },
    "selftest.again": {
        "en": "What failed is sent again, under the same key, once",
        "fr": "Ce qui a échoué est renvoyé, sous la même clé, une fois",
    },
    "selftest.claps": {"en": "Claps are heard where they begin", "fr": "Les claps sont entendus là où ils commencent"},
    "selftest.silence": {
        "en": "Silence and faint noise give nothing",
        "fr": "Le silence et un bruit faible ne donnent rien",
    },
    "selftest.score": {"en": "The threshold decides", "fr": "Le seuil décide"},
    "selftest.pause": {"en": "The delay between detections is kept", "fr": "Le délai entre détections est respecté"},
    "selftest.to_webhook": {
        "en": "A clap that is played becomes a webhook call",
        "fr": "Un clap joué devient un appel de webhook",
    },
    "selftest.differs": {
        "en": "{about}: {wanted} expected, {found} found.",
        "fr": "{about} : attendu {wanted}, trouvé {found}.",
    },
    "selftest.raised": {
        "en": "Unexpected fault: {reason}. The log has the details.",
        "fr": "Panne inattendue : {reason}. Voir le journal.",
    },
}
