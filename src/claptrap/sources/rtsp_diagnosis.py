"""Why FFmpeg cannot hear a stream: asked of the server itself, after FFmpeg has failed.

FFmpeg's errors are guesses: no sound is "server error", another transport is "invalid data", a Digest that it does not speak
is a wrong password. What the server answers to DESCRIBE, SETUP and PLAY is the cause.
"""

from __future__ import annotations

from claptrap.core.errors import SourceError
from claptrap.core.spec import RtspInput
from claptrap.core.weburl import redact
from claptrap.sources.rtsp_dialogue import Dialogue, Media, ProtocolError, Response, can_answer, digest_algorithm, medias
from claptrap.sources.rtsp_preflight import Deadline, connected

WITHIN_S = 4.0
ADTS = (b"\xff\xf0", b"\xff\xf1", b"\xff\xf8", b"\xff\xf9")
_TRANSPORTS = {"tcp": "RTP/AVP/TCP;unicast;interleaved=0-1", "udp": "RTP/AVP;unicast;client_port=47806-47807"}
_PERMANENT = {403: "rtsp.forbidden", 404: "rtsp.not_found"}
_OTHER = {"tcp": "UDP", "udp": "TCP"}


def diagnosed(error: SourceError, wanted: RtspInput, deadline: Deadline) -> SourceError:
    """Return the cause that the server itself gives; ``error`` where it gives none, or does not answer in time.

    Args:
        error: what FFmpeg's failure was taken for.
        wanted: what was asked for.
        deadline: bounds the questions.

    Raises:
        Stopped: of the deadline.
    """
    try:
        with connected(wanted.url, verify_tls=wanted.verify_tls, deadline=deadline) as connection:
            has_password_failed = error.code == "rtsp.unauthorized"  # one more wrong try may lock the account
            username = "" if has_password_failed else wanted.username
            return _cause(Dialogue(connection, wanted.url, deadline, username, wanted.password), wanted) or error
    except (SourceError, ProtocolError):
        return error


def _cause(dialogue: Dialogue, wanted: RtspInput) -> SourceError | None:
    where = redact(wanted.url)
    description = dialogue.request("DESCRIBE", Accept="application/sdp")
    if refusal := _refusal(description, wanted):
        return refusal
    if description.status != 200 or not description.body.lstrip().startswith(b"v="):
        return None
    tracks = [media for media in medias(description, wanted.url) if media.kind == "audio"]
    if not tracks:
        return SourceError("rtsp.no_audio", where=where)
    if wanted.track > len(tracks):
        return SourceError("rtsp.no_track", where=where, tracks=len(tracks), track=wanted.track)
    return _cause_of_silence(dialogue, tracks[wanted.track - 1], wanted)


def _refusal(answer: Response, wanted: RtspInput) -> SourceError | None:
    where = redact(wanted.url)
    if answer.status == 401:
        return _login_refusal(answer.headers.get("www-authenticate", ""), where, has_user=bool(wanted.username))
    if answer.status in _PERMANENT:
        return SourceError(_PERMANENT[answer.status], where=where)
    if answer.status >= 500:
        return SourceError("rtsp.server_error", retryable=True, where=where)
    if answer.status >= 400:
        reason = f"{answer.status} {''.join(c for c in answer.reason if c.isprintable())[:100]}".strip()
        return SourceError("rtsp.rejected", retryable=True, where=where, reason=reason)
    return None


def _login_refusal(challenge: str, where: str, *, has_user: bool) -> SourceError:
    if not has_user:
        return SourceError("rtsp.credentials_needed", where=where)
    algorithms = [found for line in challenge.split("\n") if (found := digest_algorithm(line))]
    if algorithms and not can_answer(challenge):
        return SourceError("rtsp.digest_unsupported", where=where, algorithm=algorithms[0])
    return SourceError("rtsp.unauthorized", where=where)


def _cause_of_silence(dialogue: Dialogue, track: Media, wanted: RtspInput) -> SourceError | None:
    """Set the track up and listen to its first packet."""
    where, name, other = redact(wanted.url), wanted.transport.upper(), _OTHER[wanted.transport]
    answer = dialogue.request("SETUP", track.control, Transport=_TRANSPORTS[wanted.transport])
    if answer.status == 461:
        return SourceError("rtsp.transport_refused", where=where, transport=name, other=other)
    if answer.status != 200:
        return None  # it may want all tracks, which FFmpeg has asked for as well
    transport = answer.headers.get("transport", "")
    if ("interleaved" in transport or "/TCP" in transport.upper()) != (wanted.transport == "tcp"):
        return SourceError("rtsp.transport_mismatch", where=where, transport=name, other=other)
    if wanted.transport == "udp":
        return None
    session = answer.headers.get("session", "").partition(";")[0]
    if track.codec.lower() != "mpeg4-generic" or dialogue.request("PLAY", Session=session).status != 200:
        return None
    is_adts = dialogue.rtp_payload().startswith(ADTS)
    dialogue.end(session)
    return SourceError("rtsp.adts", where=where) if is_adts else None
