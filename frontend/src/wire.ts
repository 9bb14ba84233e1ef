// What passes between the service and its page. Made by `make wire` of the API's description: not to be edited.
export interface components {
    schemas: {
        Access: {
            /** @enum {string} */
            state: "open" | "in" | "login" | "setup";
            has_password: boolean;
            can_change: boolean;
            ingress: boolean;
        };
        Acting: {
            acts: boolean;
            until: number | null;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        AlertSettings: {
            unheard_after_s: number;
        };
        Arming: {
            armed: boolean;
            snoozed_until: number;
            sources: {
                [key: string]: components["schemas"]["Acting"];
            };
        };
        Attempt: {
            event_id: string;
            target_id: string;
            source_id: string;
            url: string;
            number: number;
            at: number;
            took_s: number;
            status: number;
            code: string;
            params: {
                [key: string]: unknown;
            };
            retry_in_s: number | null;
            delivery_id: string;
            excerpt: string;
            steps: {
                [key: string]: number;
            };
            message_fr: string;
            message_en: string;
            ok: boolean;
        };
        Backup: {
            name: string;
            at: number;
            /** @enum {string} */
            why: "change" | "restore" | "import" | "undo" | "asked";
            size: number;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
            valid: boolean;
            changes: components["schemas"]["Change"][];
        };
        Backups: {
            backups: components["schemas"]["Backup"][];
        };
        BrokerLink: {
            /** @enum {string} */
            state: "off" | "waiting" | "connected";
        };
        BrowserSettings: Record<string, never>;
        BrowserSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "browser";
            input: components["schemas"]["BrowserSettings"];
        };
        BrowserSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "browser";
            input: components["schemas"]["BrowserSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        Calibration: {
            source_id: string;
            /** @enum {string} */
            phase: "claps" | "noises";
            started: number;
            wanted: number;
            sounds: components["schemas"]["CalibrationSound"][];
            proposal: components["schemas"]["CalibrationProposal"] | null;
        };
        CalibrationChannel: {
            channel: string;
            was: string;
            rise_db: number;
            was_rise_db: number;
        };
        CalibrationProposal: {
            threshold: number;
            was_threshold: number;
            claps: components["schemas"]["CalibrationShare"];
            noises: components["schemas"]["CalibrationShare"];
            channel: components["schemas"]["CalibrationChannel"] | null;
        };
        CalibrationShare: {
            heard: number;
            total: number;
            was: number;
        };
        CalibrationSound: {
            n: number;
            at: number;
            /** @enum {string} */
            phase: "claps" | "noises";
            /** @enum {string} */
            outcome: "accepted" | "no_onset" | "echo" | "too_quiet" | "clipped" | "not_a_clap";
            score: number;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        Candidates: {
            candidates: components["schemas"]["HeardCandidate"][];
        };
        Change: {
            path: string;
            /** @enum {string} */
            kind: "added" | "changed" | "removed" | "reordered";
            old: unknown;
            new: unknown;
        };
        Claimed: {
            id: string;
        };
        Clap: {
            source_id: string;
            source_name: string;
            timestamp: number;
            score: number;
            claps: number;
            labels: components["schemas"]["Label"][];
            applause: boolean;
            trigger: string;
            trigger_name: string;
            heard_by: string[];
            test: boolean;
            event_id: string;
            latency_s: number;
        };
        ClipKept: {
            event_id: string;
        };
        ClipSettings: {
            keep_days: number;
            keep_mb: number;
        };
        Clips: {
            clips: number;
            size_bytes: number;
            keep_days: number;
            keep_mb: number;
        };
        Compared: {
            changes: components["schemas"]["Change"][];
            revision: string;
        };
        Count: {
            start: number;
            count: number;
            sources: {
                [key: string]: number;
            };
        };
        Counts: {
            /** @enum {string} */
            per: "hour" | "day";
            counts: components["schemas"]["Count"][];
        };
        Day: {
            start: number;
            live: (number | null)[];
            detections: number[];
        };
        Deleted: {
            deleted: number;
        };
        Delivery: {
            id: string;
            event_id: string;
            target_id: string;
            source_id: string;
            since: number;
            /** @enum {string} */
            state: "waiting" | "taken" | "given_up" | "late" | "unknown";
            code: string;
            params: {
                [key: string]: unknown;
            };
            attempts: components["schemas"]["Attempt"][];
            message_fr: string;
            message_en: string;
        };
        DeliveryPage: {
            deliveries: components["schemas"]["Delivery"][];
            cursor: string | null;
        };
        DeliveryState: {
            target_id: string;
            /** @enum {string} */
            state: "waiting" | "taken" | "given_up" | "late" | "unknown";
        };
        Detection: {
            source_id: string;
            source_name: string;
            kind: string;
            epoch: string;
            sequence: number;
            onset_s: number;
            decided_s: number;
            timestamp: number;
            score: number;
            claps: number;
            labels: components["schemas"]["Label"][];
            applause: boolean;
            trigger: string;
            trigger_name: string;
            heard_by: string[];
            test: boolean;
            id: string;
            latency_s: number;
            mark: ("clap" | "not_clap") | null;
            clip: boolean;
            deliveries: components["schemas"]["DeliveryState"][];
        };
        DetectionPage: {
            events: components["schemas"]["Detection"][];
            cursor: string | null;
        };
        DetectionStatus: {
            /** @enum {string} */
            status: "started" | "stopped";
        };
        Fault: {
            path: string;
            code: string;
            params: {
                [key: string]: unknown;
            };
            value: string;
            message: string;
        };
        Fetching: {
            model: components["schemas"]["ModelProgress"] | null;
        };
        FileSettings: {
            path: string;
            loop: boolean;
            channel: string;
        };
        FileSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "file";
            input: components["schemas"]["FileSettings"];
        };
        FileSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "file";
            input: components["schemas"]["FileSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        Forgotten: {
            deleted: number;
            clips: number;
        };
        Health: {
            ok: boolean;
            reasons: components["schemas"]["Trouble"][];
        };
        Heard: {
            source_id: string;
            timestamp: number;
            detected: components["schemas"]["Label"][];
        };
        HeardCandidate: {
            id: string;
            at: number;
            score: number;
            by_models: number;
            clap: boolean;
            mark: ("clap" | "not_clap") | null;
            labels: components["schemas"]["Label"][];
            clip: boolean;
        };
        HeartbeatSettings: {
            id: string;
            enabled: boolean;
            url: string;
            every_s: number;
            verify_tls: boolean;
        };
        HistorySettings: {
            keep_days: number;
        };
        ImportNote: {
            path: string;
            /** @enum {string} */
            kind: "left_out" | "adapted" | "refused";
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        Imported: {
            /** @enum {string} */
            format: "claptrap" | "original" | "fork";
            /** @enum {string} */
            mode: "replace" | "merge";
            applicable: boolean;
            changes: components["schemas"]["Change"][];
            notes: components["schemas"]["ImportNote"][];
            faults: components["schemas"]["Said"][];
            settings: components["schemas"]["ShownSettings"];
        };
        Invitation: {
            address: string;
            secure: boolean;
        };
        Label: {
            label: string;
            label_fr: string;
            score: number;
        };
        Learning: {
            source_id: string;
            claps: number;
            others: number;
            most: number;
            examples: components["schemas"]["LearntExample"][];
            fault: components["schemas"]["Trouble"] | null;
            undo: boolean;
            kept: number;
            since: number | null;
            offer: boolean;
        };
        LearningChanged: {
            source_id: string;
        };
        LearningEffect: {
            helps: boolean;
            applied: boolean;
            before: components["schemas"]["LearningFigures"];
            after: components["schemas"]["LearningFigures"];
        };
        LearningFigures: {
            claps_heard: number;
            claps: number;
            others_heard: number;
            others: number;
        };
        LearntExample: {
            id: string;
            clap: boolean;
            at: number | null;
            note: string;
            without_yamnet: boolean;
            clip: boolean;
        };
        Led: {
            claps: number;
            detections: number;
        };
        Level: {
            source_id: string;
            peak_dbfs: number;
            rms_dbfs: number;
        };
        Marked: {
            learning: components["schemas"]["Learning"];
            effect: components["schemas"]["LearningEffect"];
        };
        Measured: {
            rate_hz: number;
            channels: number;
            peak_dbfs: number;
        };
        MicroClose: {
            code: string;
        };
        MicroEnd: {
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        MicroOpen: {
            source: string;
            page: string;
        };
        Microphone: {
            name: string;
            host_api: string;
            channels: number;
            rate_hz: number;
            default: boolean;
            usb: components["schemas"]["Usb"] | null;
            id: string;
            label: string;
        };
        MicrophoneSettings: {
            device: string;
            channel: string;
        };
        MicrophoneSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "microphone";
            input: components["schemas"]["MicrophoneSettings"];
        };
        MicrophoneSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "microphone";
            input: components["schemas"]["MicrophoneSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        ModelProgress: {
            name: string;
            done_bytes: number;
            size_bytes: number;
            code: string;
            params: {
                [key: string]: unknown;
            };
            retry_in_s: number | null;
            in_use: boolean;
            message_fr: string;
            message_en: string;
        };
        MqttSettings: {
            enabled: boolean;
            host: string;
            port: number;
            /** @enum {string} */
            version: "3.1.1" | "5";
            tls: boolean;
            verify_tls: boolean;
            ca_file: string;
            username: string;
            password: string;
            topic: string;
            discovery: string;
            max_age_s: number;
        };
        NewToken: {
            id: string;
            name: string;
            created: number;
            token: string;
        };
        Node: {
            name: string;
            state: string;
            version: string;
            capacity: number;
            sources: string[];
            cpu: number;
            seen: number;
            clock_offset_s: number | null;
            moves: number;
            waiting_events: number;
            lost_events: number;
        };
        NodeDevices: {
            microphones: components["schemas"]["Microphone"][];
            vban: components["schemas"]["VbanStream"][];
        };
        Notifier: {
            installed: boolean;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        NotifySettings: {
            id: string;
            name: string;
            enabled: boolean;
            url: string;
            sources: string[];
            claps: number[];
            triggers: string[];
            alerts: boolean;
            max_age_s: number;
        };
        Override: {
            variable: string;
            option: string;
            value: string;
            near: string;
        };
        PatternPresets: {
            presets: {
                [key: string]: components["schemas"]["PatternSettings"][];
            };
        };
        PatternSettings: {
            claps: number;
            at_least: boolean;
            min_gap_s: number;
            max_gap_s: number;
        };
        Picture: {
            source_id: string;
            timestamp: number;
            columns: string;
        };
        PortCounts: {
            port: number;
            datagrams: number;
            kernel_drops: number;
            over_ceiling: number;
            table_full: number;
            refused: {
                [key: string]: number;
            };
            buffer_bytes: number;
        };
        Preview: {
            method: string;
            content_type: string;
            samples: components["schemas"]["Sample"][];
        };
        Previewed: {
            /** @enum {string} */
            format: "claptrap" | "original" | "fork";
            /** @enum {string} */
            mode: "replace" | "merge";
            applicable: boolean;
            changes: components["schemas"]["Change"][];
            notes: components["schemas"]["ImportNote"][];
            faults: components["schemas"]["Said"][];
            revision: string;
        };
        Probed: {
            codec: string;
            rate_hz: number;
            channels: number;
            level_dbfs: number;
            tracks: components["schemas"]["Track"][];
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        ProblemDocument: {
            /** @constant */
            type: "about:blank";
            title: string;
            status: number;
            code: string;
            message: string;
            params: {
                [key: string]: unknown;
            };
            faults: components["schemas"]["Fault"][];
        };
        Proof: {
            source_id: string;
            event_id: string;
            /** @enum {string} */
            state: "running" | "passed" | "failed";
            steps: components["schemas"]["ProofStep"][];
        };
        ProofStep: {
            /** @enum {string} */
            step: "frame" | "onset" | "models" | "threshold" | "pattern" | "journal" | "acts" | "receiver";
            ms: number;
            ok: boolean | null;
            clap: number;
            receiver: string;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        QuietHours: {
            name: string;
            enabled: boolean;
            days: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
            begin: string;
            end: string;
            sources: string[];
        };
        Receiver: {
            failures: number;
            since: number | null;
            code: string;
            params: {
                [key: string]: unknown;
            };
            id: string;
            source_id: string;
            url: string;
            /** @enum {string} */
            state: "well" | "failing" | "open";
            waiting: number;
            message_fr: string;
            message_en: string;
        };
        Recent: {
            levels: (number | null)[];
            verdicts: components["schemas"]["Verdict"][];
        };
        Reports: {
            weeks: components["schemas"]["Week"][];
        };
        Restored: {
            changes: components["schemas"]["Change"][];
            settings: components["schemas"]["ShownSettings"];
        };
        RhythmLesson: {
            source_id: string;
            started: number;
            wanted: number;
            rows: components["schemas"]["RhythmRow"][];
            proposal: components["schemas"]["RhythmProposal"] | null;
        };
        RhythmProposal: {
            claps: number;
            intervals: number[];
            spread: number;
            tolerance: number;
            chance: number;
        };
        RhythmRow: {
            at: number;
            claps: number;
            intervals: number[];
            /** @enum {string} */
            outcome: "accepted" | "too_few" | "too_many" | "not_used";
        };
        RhythmSettings: {
            id: string;
            name: string;
            enabled: boolean;
            intervals: number[];
            tolerance: number;
        };
        RtspSettings: {
            url: string;
            /** @enum {string} */
            transport: "tcp" | "udp";
            track: number;
            username: string;
            password: string;
            verify_tls: boolean;
            channel: string;
        };
        RtspSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "rtsp";
            input: components["schemas"]["RtspSettings"];
        };
        RtspSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "rtsp";
            input: components["schemas"]["RtspSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        Running: {
            running: boolean;
        };
        Said: {
            path: string;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        Sample: {
            /** @enum {string} */
            event: "clap" | "applause" | "test";
            real: boolean;
            body: string;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        SatelliteSettings: {
            address: string;
            number: number;
        };
        SatelliteSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "satellite";
            input: components["schemas"]["SatelliteSettings"];
        };
        SatelliteSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "satellite";
            input: components["schemas"]["SatelliteSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        Sent: {
            event_id: string;
        };
        SentAgain: {
            event_id: string;
            receivers: number;
        };
        ShownSettings: {
            /** @constant */
            version: 3;
            /** @enum {string} */
            language: "fr" | "en";
            public_url: string;
            welcomed: boolean;
            announce: boolean;
            sources: (components["schemas"]["MicrophoneSource"] | components["schemas"]["FileSource"] | components["schemas"]["RtspSource"] | components["schemas"]["VbanSource"] | components["schemas"]["BrowserSource"] | components["schemas"]["SatelliteSource"] | components["schemas"]["WyomingSource"])[];
            merge_rooms: boolean;
            history: components["schemas"]["HistorySettings"];
            clips: components["schemas"]["ClipSettings"];
            mqtt: components["schemas"]["MqttSettings"];
            wyoming: components["schemas"]["WyomingSettings"];
            when: components["schemas"]["WhenSettings"];
            notify: components["schemas"]["NotifySettings"][];
            alerts: components["schemas"]["AlertSettings"];
            heartbeats: components["schemas"]["HeartbeatSettings"][];
            revision: string;
            serial: number;
        };
        Snapshot: {
            now: number;
            version: string;
            program: string;
            dev: boolean;
            running: boolean;
            /** @enum {string} */
            language: "fr" | "en";
            labels: boolean;
            model: components["schemas"]["ModelProgress"] | null;
            problems: components["schemas"]["Trouble"][];
            settings: components["schemas"]["ShownSettings"];
            /** @enum {string} */
            mqtt: "off" | "waiting" | "connected";
            environment: components["schemas"]["Override"][];
            statuses: {
                [key: string]: components["schemas"]["SourceStatus"];
            };
            events: components["schemas"]["Detection"][];
            attempts: components["schemas"]["Attempt"][];
            newest: components["schemas"]["Detection"][];
            recent: {
                [key: string]: components["schemas"]["Recent"];
            };
            days: {
                [key: string]: components["schemas"]["Day"];
            };
            delays: {
                [key: string]: number;
            };
        };
        SoundExample: {
            at: number;
            labels: components["schemas"]["Label"][];
        };
        SoundLabel: {
            label: string;
            label_fr: string;
        };
        SoundLesson: {
            source_id: string;
            started: number;
            wanted: number;
            most: number;
            examples: components["schemas"]["SoundExample"][];
            proposal: components["schemas"]["SoundProposal"] | null;
        };
        SoundPreset: {
            id: string;
            labels: string[];
            threshold: number;
            persistence_s: number;
            delay_s: number;
            recordings: number;
            heard: number;
            name_fr: string;
            name_en: string;
        };
        SoundProposal: {
            alike: number;
            threshold: number;
        };
        SoundSettings: {
            id: string;
            name: string;
            enabled: boolean;
            labels: string[];
            examples: string[];
            threshold: number;
            persistence_s: number;
            delay_s: number;
        };
        Sounds: {
            available: boolean;
            advice_fr: string;
            advice_en: string;
            presets: components["schemas"]["SoundPreset"][];
            labels: components["schemas"]["SoundLabel"][];
        };
        SourceCounts: {
            claps: number;
            detections: number;
            vetoed: number;
            retries: number;
        };
        SourceStatus: {
            source_id: string;
            state: components["schemas"]["State"];
            code: string;
            params: {
                [key: string]: unknown;
            };
            attempt: number;
            next_in_s: number;
            last_heard: number | null;
            rate_hz: number;
            channels: number;
            dropped_hops: number;
            missing_hops: number;
            node: string;
            message_fr: string;
            message_en: string;
        };
        /** @enum {string} */
        Stage: "waiting" | "running" | "passed" | "failed" | "skipped";
        /** @enum {string} */
        State: "idle" | "connecting" | "live" | "retrying" | "ended" | "failed";
        Step: {
            id: string;
            at: number;
            /** @enum {string} */
            why: "change" | "restore" | "import" | "undo";
            revision: string;
            changes: components["schemas"]["Change"][];
        };
        Steps: {
            steps: components["schemas"]["Step"][];
        };
        StreamCounts: {
            host: string;
            stream: string;
            port: number;
            counts: {
                [key: string]: number;
            };
            refused: {
                [key: string]: number;
            };
        };
        StreamPath: {
            name: string;
            url: string;
            ready: boolean;
            tracks: string[];
            source_id: string | null;
        };
        StreamPaths: {
            paths: components["schemas"]["StreamPath"][];
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        Test: {
            id: string;
            code: string;
            area: string;
            stage: components["schemas"]["Stage"];
            took_s: number;
            title_fr: string;
            title_en: string;
            area_fr: string;
            area_en: string;
            message_fr: string;
            message_en: string;
        };
        Tests: {
            running: boolean;
            tests: components["schemas"]["Test"][];
        };
        Token: {
            id: string;
            name: string;
            created: number;
        };
        Track: {
            number: number;
            codec: string;
            rate_hz: number;
            channels: number;
        };
        TriedRecording: {
            id: string;
            file: string;
            seconds: number;
            kept: number;
        };
        TriedRecordings: {
            recordings: components["schemas"]["TriedRecording"][];
        };
        Trouble: {
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        Undone: {
            step: components["schemas"]["Step"];
            settings: components["schemas"]["ShownSettings"];
        };
        Usb: {
            make: string;
            serial: string;
            port: string;
        };
        VbanCounts: {
            streams: components["schemas"]["StreamCounts"][];
            ports: components["schemas"]["PortCounts"][];
        };
        VbanSettings: {
            host: string;
            stream: string;
            port: number;
            channel: string;
        };
        VbanSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "vban";
            input: components["schemas"]["VbanSettings"];
        };
        VbanSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "vban";
            input: components["schemas"]["VbanSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        VbanStream: {
            host: string;
            stream: string;
            port: number;
            rate_hz: number;
            channels: number;
            encoding: string;
            packets: number;
            last_seen: number;
            wanted: boolean;
            code: string;
            params: {
                [key: string]: unknown;
            };
            message_fr: string;
            message_en: string;
        };
        Verdict: {
            source_id: string;
            timestamp: number;
            score: number;
            threshold: number;
            accepted: boolean;
            code: string;
            params: {
                [key: string]: unknown;
            };
            labels: components["schemas"]["Label"][];
            test: boolean;
            message_fr: string;
            message_en: string;
        };
        Watch: {
            source: string;
        };
        WebhookSettings: {
            id: string;
            enabled: boolean;
            url: string;
            timeout_s: number;
            max_age_s: number;
            idempotent: boolean;
            max_attempts: number;
            claps: number[];
            triggers: string[];
            headers: {
                [key: string]: string;
            };
            signing_secret: string;
            verify_tls: boolean;
            ca_file: string;
            /** @enum {string} */
            method: "POST" | "PUT" | "GET";
            content_type: string;
            template: string;
        };
        Week: {
            start: number;
            end: number;
            sources: {
                [key: string]: components["schemas"]["WeekOfSource"];
            };
        };
        WeekOfSource: {
            detections: number;
            claps: number;
            not_claps: number;
            latency_p50_s: number | null;
            latency_p95_s: number | null;
            delivered: number;
            late: number;
            refused: number;
            unclear: number;
            live: number | null;
            outages: number;
        };
        WhatIf: {
            since: number | null;
            kept: number;
            now: components["schemas"]["Led"];
            then: components["schemas"]["Led"];
            detections: components["schemas"]["WouldBe"][];
        };
        WhenSettings: {
            armed: boolean;
            snoozed_until: number;
            latitude: number | null;
            longitude: number | null;
            quiet: components["schemas"]["QuietHours"][];
        };
        WouldBe: {
            at: number;
            score: number;
            claps: number;
        };
        WyomingInputSettings: {
            uri: string;
            channel: string;
        };
        WyomingSettings: {
            listen: string;
            forward: string;
        };
        WyomingSource: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "wyoming";
            input: components["schemas"]["WyomingInputSettings"];
        };
        WyomingSourceState: {
            id: string;
            name: string;
            room: string;
            enabled: boolean;
            armed: boolean;
            snoozed_until: number;
            threshold: number;
            delay_s: number;
            patterns: components["schemas"]["PatternSettings"][];
            /** @enum {string} */
            hears: "claps" | "applause" | "both";
            sounds: components["schemas"]["SoundSettings"][];
            rhythms: components["schemas"]["RhythmSettings"][];
            clips: boolean;
            node: string;
            example_clips: boolean;
            references: string[];
            webhooks: components["schemas"]["WebhookSettings"][];
            /** @constant */
            kind: "wyoming";
            input: components["schemas"]["WyomingInputSettings"];
            status: components["schemas"]["SourceStatus"];
            counts: components["schemas"]["SourceCounts"];
            level: components["schemas"]["Level"] | null;
        };
        Answers: {
            "GET /api/state": components["schemas"]["Snapshot"];
            "POST /api/detection/start": components["schemas"]["Running"];
            "POST /api/detection/stop": components["schemas"]["Running"];
            "POST /api/model/resume": components["schemas"]["Fetching"];
            "POST /api/model/pause": components["schemas"]["Fetching"];
            "GET /healthz": components["schemas"]["Health"];
            "GET /livez": components["schemas"]["Health"];
            "GET /api/selftest": components["schemas"]["Tests"];
            "POST /api/selftest": components["schemas"]["Tests"];
            "GET /api/sources": (components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"])[];
            "GET /api/days": {
                [key: string]: components["schemas"]["Day"];
            };
            "PUT /api/sources/order": (components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"])[];
            "POST /api/sources": components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"];
            "GET /api/sources/{source_id}": components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"];
            "PATCH /api/sources/{source_id}": components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"];
            "DELETE /api/sources/{source_id}": components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"];
            "POST /api/sources/{source_id}/webhook/test": components["schemas"]["Sent"];
            "POST /api/sources/{source_id}/proof": components["schemas"]["Proof"];
            "GET /api/sources/{source_id}/proof": components["schemas"]["Proof"];
            "DELETE /api/sources/{source_id}/webhooks/{webhook_id}": components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"];
            "GET /api/patterns": components["schemas"]["PatternPresets"];
            "GET /api/devices": components["schemas"]["Microphone"][];
            "POST /api/probe/microphone": components["schemas"]["Measured"];
            "POST /api/probe/rtsp": components["schemas"]["Probed"];
            "GET /api/vban/streams": components["schemas"]["VbanStream"][];
            "GET /api/vban/counts": components["schemas"]["VbanCounts"];
            "GET /api/mediamtx/paths": components["schemas"]["StreamPaths"];
            "GET /api/nodes": components["schemas"]["Node"][];
            "POST /api/nodes/{name}/drain": components["schemas"]["Node"][];
            "GET /api/nodes/{name}/devices": components["schemas"]["NodeDevices"];
            "GET /api/sources/{source_id}/learning": components["schemas"]["Learning"];
            "DELETE /api/sources/{source_id}/learning": components["schemas"]["Learning"];
            "DELETE /api/sources/{source_id}/learning/examples/{example_id}": components["schemas"]["Learning"];
            "DELETE /api/sources/{source_id}/learning/examples/{example_id}/clip": components["schemas"]["Learning"];
            "POST /api/sources/{source_id}/learning/undo": components["schemas"]["Learning"];
            "PUT /api/sources/{source_id}/learning/profile": components["schemas"]["Learning"];
            "GET /api/sources/{source_id}/candidates": components["schemas"]["Candidates"];
            "POST /api/sources/{source_id}/candidates/{candidate_id}/mark": components["schemas"]["Marked"];
            "POST /api/sources/{source_id}/what-if": components["schemas"]["WhatIf"];
            "GET /api/sources/{source_id}/recordings": components["schemas"]["TriedRecordings"];
            "POST /api/sources/{source_id}/recordings": components["schemas"]["TriedRecording"];
            "GET /api/sources/{source_id}/calibration": components["schemas"]["Calibration"];
            "POST /api/sources/{source_id}/calibration": components["schemas"]["Calibration"];
            "DELETE /api/sources/{source_id}/calibration": components["schemas"]["Learning"];
            "DELETE /api/sources/{source_id}/calibration/sounds/{n}": components["schemas"]["Calibration"];
            "POST /api/sources/{source_id}/calibration/apply": components["schemas"]["Learning"];
            "GET /api/sounds": components["schemas"]["Sounds"];
            "DELETE /api/sources/{source_id}/triggers/{trigger_id}": components["schemas"]["MicrophoneSourceState"] | components["schemas"]["FileSourceState"] | components["schemas"]["RtspSourceState"] | components["schemas"]["VbanSourceState"] | components["schemas"]["BrowserSourceState"] | components["schemas"]["SatelliteSourceState"] | components["schemas"]["WyomingSourceState"];
            "GET /api/sources/{source_id}/rhythms/lesson": components["schemas"]["RhythmLesson"];
            "POST /api/sources/{source_id}/rhythms/lesson": components["schemas"]["RhythmLesson"];
            "DELETE /api/sources/{source_id}/rhythms/lesson": components["schemas"]["RhythmLesson"];
            "POST /api/sources/{source_id}/rhythms/lesson/apply": components["schemas"]["RhythmSettings"];
            "GET /api/sources/{source_id}/sounds/lesson": components["schemas"]["SoundLesson"];
            "POST /api/sources/{source_id}/sounds/lesson": components["schemas"]["SoundLesson"];
            "DELETE /api/sources/{source_id}/sounds/lesson": components["schemas"]["SoundLesson"];
            "POST /api/sources/{source_id}/sounds/lesson/apply": components["schemas"]["SoundSettings"];
            "GET /api/micro": components["schemas"]["Invitation"];
            "POST /api/micro": components["schemas"]["Claimed"];
            "GET /api/history": components["schemas"]["DetectionPage"];
            "DELETE /api/history": components["schemas"]["Forgotten"];
            "GET /api/history/counts": components["schemas"]["Counts"];
            "GET /api/reports": components["schemas"]["Reports"];
            "GET /api/history/{event_id}": components["schemas"]["Detection"];
            "DELETE /api/history/{event_id}": components["schemas"]["Forgotten"];
            "PATCH /api/history/{event_id}": components["schemas"]["Detection"];
            "POST /api/history/{event_id}/replay": components["schemas"]["SentAgain"];
            "GET /api/deliveries": components["schemas"]["DeliveryPage"];
            "POST /api/deliveries/{delivery_id}/replay": components["schemas"]["Sent"];
            "GET /api/arming": components["schemas"]["Arming"];
            "POST /api/arming": components["schemas"]["Arming"];
            "DELETE /api/history/{event_id}/clip": components["schemas"]["Deleted"];
            "GET /api/clips": components["schemas"]["Clips"];
            "DELETE /api/clips": components["schemas"]["Deleted"];
            "GET /api/receivers": components["schemas"]["Receiver"][];
            "POST /api/webhooks/preview": components["schemas"]["Preview"];
            "GET /api/notify": components["schemas"]["Notifier"];
            "POST /api/notify/{notify_id}/test": components["schemas"]["Sent"];
            "DELETE /api/notify/{notify_id}": components["schemas"]["ShownSettings"];
            "DELETE /api/heartbeats/{heartbeat_id}": components["schemas"]["ShownSettings"];
            "GET /api/settings": components["schemas"]["ShownSettings"];
            "PATCH /api/settings": components["schemas"]["ShownSettings"];
            "GET /api/settings/backups": components["schemas"]["Backups"];
            "POST /api/settings/backups": components["schemas"]["Backup"];
            "GET /api/settings/backups/{name}/diff": components["schemas"]["Compared"];
            "POST /api/settings/backups/{name}/restore": components["schemas"]["Restored"];
            "GET /api/settings/steps": components["schemas"]["Steps"];
            "POST /api/settings/steps/{step_id}/undo": components["schemas"]["Undone"];
            "GET /api/settings/export": {
                [key: string]: unknown;
            };
            "POST /api/settings/export": {
                [key: string]: unknown;
            };
            "POST /api/settings/import/preview": components["schemas"]["Previewed"];
            "POST /api/settings/import": components["schemas"]["Imported"];
            "GET /api/access": components["schemas"]["Access"];
            "POST /api/access/login": components["schemas"]["Access"];
            "POST /api/access/logout": components["schemas"]["Access"];
            "PUT /api/access/password": components["schemas"]["Access"];
            "GET /api/access/tokens": components["schemas"]["Token"][];
            "POST /api/access/tokens": components["schemas"]["NewToken"];
            "DELETE /api/access/tokens/{token_id}": components["schemas"]["Token"];
            "GET /api/openapi.json": {
                [key: string]: unknown;
            };
            "GET /api/asyncapi.json": {
                [key: string]: unknown;
            };
        };
        Queries: {
            "POST /api/sources/{source_id}/webhook/test": {
                webhook?: string;
            };
            "GET /api/vban/streams": {
                port?: number;
            };
            "GET /api/sources/{source_id}/candidates": {
                limit?: number;
            };
            "POST /api/sources/{source_id}/recordings": {
                name?: string;
            };
            "GET /api/history": {
                since?: number;
                before?: number;
                source?: string;
                least_score?: number;
                most_score?: number;
                /** @enum {string} */
                mark?: "clap" | "not_clap" | "none";
                kind?: string;
                claps?: number;
                applause?: boolean;
                label?: string;
                sound?: string;
                epoch?: string;
                least_latency_s?: number;
                most_latency_s?: number;
                limit?: number;
                cursor?: string;
            };
            "DELETE /api/history": {
                before?: number;
            };
            "GET /api/history/counts": {
                since?: number;
                before?: number;
                source?: string;
                least_score?: number;
                most_score?: number;
                /** @enum {string} */
                mark?: "clap" | "not_clap" | "none";
                kind?: string;
                claps?: number;
                applause?: boolean;
                label?: string;
                sound?: string;
                epoch?: string;
                least_latency_s?: number;
                most_latency_s?: number;
                /** @enum {string} */
                per?: "hour" | "day";
                tz?: string;
            };
            "GET /api/history/export": {
                since?: number;
                before?: number;
                source?: string;
                least_score?: number;
                most_score?: number;
                /** @enum {string} */
                mark?: "clap" | "not_clap" | "none";
                kind?: string;
                claps?: number;
                applause?: boolean;
                label?: string;
                sound?: string;
                epoch?: string;
                least_latency_s?: number;
                most_latency_s?: number;
                /** @enum {string} */
                format?: "csv" | "jsonl";
                tz?: string;
            };
            "GET /api/deliveries": {
                /** @enum {string} */
                state?: "waiting" | "taken" | "given_up" | "late" | "unknown";
                source?: string;
                target?: string;
                event?: string;
                limit?: number;
                cursor?: string;
            };
            "DELETE /api/clips": {
                before?: number;
            };
            "POST /api/webhooks/preview": {
                source?: string;
            };
            "POST /api/settings/import/preview": {
                /** @enum {string} */
                mode?: "replace" | "merge";
            };
            "POST /api/settings/import": {
                /** @enum {string} */
                mode?: "replace" | "merge";
            };
        };
        ServerEvents: {
            state: components["schemas"]["Snapshot"];
            clap: components["schemas"]["Clap"];
            clip: components["schemas"]["ClipKept"];
            source: components["schemas"]["SourceStatus"];
            level: components["schemas"]["Level"][];
            verdict: components["schemas"]["Verdict"];
            picture: components["schemas"]["Picture"];
            labels: components["schemas"]["Heard"];
            delivery: components["schemas"]["Attempt"];
            model: components["schemas"]["ModelProgress"];
            detection_status: components["schemas"]["DetectionStatus"];
            settings: components["schemas"]["ShownSettings"];
            problems: components["schemas"]["Trouble"][];
            mqtt: components["schemas"]["BrokerLink"];
            learning: components["schemas"]["LearningChanged"];
            micro_end: components["schemas"]["MicroEnd"];
        };
        ClientEvents: {
            watch: components["schemas"]["Watch"];
            micro_open: components["schemas"]["MicroOpen"];
            micro_sound: string;
            micro_close: components["schemas"]["MicroClose"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type Access = components["schemas"]["Access"];
export type Acting = components["schemas"]["Acting"];
export type AlertSettings = components["schemas"]["AlertSettings"];
export type Arming = components["schemas"]["Arming"];
export type Attempt = components["schemas"]["Attempt"];
export type Backup = components["schemas"]["Backup"];
export type Backups = components["schemas"]["Backups"];
export type BrokerLink = components["schemas"]["BrokerLink"];
export type BrowserSettings = components["schemas"]["BrowserSettings"];
export type BrowserSource = components["schemas"]["BrowserSource"];
export type BrowserSourceState = components["schemas"]["BrowserSourceState"];
export type Calibration = components["schemas"]["Calibration"];
export type CalibrationChannel = components["schemas"]["CalibrationChannel"];
export type CalibrationProposal = components["schemas"]["CalibrationProposal"];
export type CalibrationShare = components["schemas"]["CalibrationShare"];
export type CalibrationSound = components["schemas"]["CalibrationSound"];
export type Candidates = components["schemas"]["Candidates"];
export type Change = components["schemas"]["Change"];
export type Claimed = components["schemas"]["Claimed"];
export type Clap = components["schemas"]["Clap"];
export type ClipKept = components["schemas"]["ClipKept"];
export type ClipSettings = components["schemas"]["ClipSettings"];
export type Clips = components["schemas"]["Clips"];
export type Compared = components["schemas"]["Compared"];
export type Count = components["schemas"]["Count"];
export type Counts = components["schemas"]["Counts"];
export type Day = components["schemas"]["Day"];
export type Deleted = components["schemas"]["Deleted"];
export type Delivery = components["schemas"]["Delivery"];
export type DeliveryPage = components["schemas"]["DeliveryPage"];
export type DeliveryState = components["schemas"]["DeliveryState"];
export type Detection = components["schemas"]["Detection"];
export type DetectionPage = components["schemas"]["DetectionPage"];
export type DetectionStatus = components["schemas"]["DetectionStatus"];
export type Fault = components["schemas"]["Fault"];
export type Fetching = components["schemas"]["Fetching"];
export type FileSettings = components["schemas"]["FileSettings"];
export type FileSource = components["schemas"]["FileSource"];
export type FileSourceState = components["schemas"]["FileSourceState"];
export type Forgotten = components["schemas"]["Forgotten"];
export type Health = components["schemas"]["Health"];
export type Heard = components["schemas"]["Heard"];
export type HeardCandidate = components["schemas"]["HeardCandidate"];
export type HeartbeatSettings = components["schemas"]["HeartbeatSettings"];
export type HistorySettings = components["schemas"]["HistorySettings"];
export type ImportNote = components["schemas"]["ImportNote"];
export type Imported = components["schemas"]["Imported"];
export type Invitation = components["schemas"]["Invitation"];
export type Label = components["schemas"]["Label"];
export type Learning = components["schemas"]["Learning"];
export type LearningChanged = components["schemas"]["LearningChanged"];
export type LearningEffect = components["schemas"]["LearningEffect"];
export type LearningFigures = components["schemas"]["LearningFigures"];
export type LearntExample = components["schemas"]["LearntExample"];
export type Led = components["schemas"]["Led"];
export type Level = components["schemas"]["Level"];
export type Marked = components["schemas"]["Marked"];
export type Measured = components["schemas"]["Measured"];
export type MicroClose = components["schemas"]["MicroClose"];
export type MicroEnd = components["schemas"]["MicroEnd"];
export type MicroOpen = components["schemas"]["MicroOpen"];
export type Microphone = components["schemas"]["Microphone"];
export type MicrophoneSettings = components["schemas"]["MicrophoneSettings"];
export type MicrophoneSource = components["schemas"]["MicrophoneSource"];
export type MicrophoneSourceState = components["schemas"]["MicrophoneSourceState"];
export type ModelProgress = components["schemas"]["ModelProgress"];
export type MqttSettings = components["schemas"]["MqttSettings"];
export type NewToken = components["schemas"]["NewToken"];
export type Node = components["schemas"]["Node"];
export type NodeDevices = components["schemas"]["NodeDevices"];
export type Notifier = components["schemas"]["Notifier"];
export type NotifySettings = components["schemas"]["NotifySettings"];
export type Override = components["schemas"]["Override"];
export type PatternPresets = components["schemas"]["PatternPresets"];
export type PatternSettings = components["schemas"]["PatternSettings"];
export type Picture = components["schemas"]["Picture"];
export type PortCounts = components["schemas"]["PortCounts"];
export type Preview = components["schemas"]["Preview"];
export type Previewed = components["schemas"]["Previewed"];
export type Probed = components["schemas"]["Probed"];
export type ProblemDocument = components["schemas"]["ProblemDocument"];
export type Proof = components["schemas"]["Proof"];
export type ProofStep = components["schemas"]["ProofStep"];
export type QuietHours = components["schemas"]["QuietHours"];
export type Receiver = components["schemas"]["Receiver"];
export type Recent = components["schemas"]["Recent"];
export type Reports = components["schemas"]["Reports"];
export type Restored = components["schemas"]["Restored"];
export type RhythmLesson = components["schemas"]["RhythmLesson"];
export type RhythmProposal = components["schemas"]["RhythmProposal"];
export type RhythmRow = components["schemas"]["RhythmRow"];
export type RhythmSettings = components["schemas"]["RhythmSettings"];
export type RtspSettings = components["schemas"]["RtspSettings"];
export type RtspSource = components["schemas"]["RtspSource"];
export type RtspSourceState = components["schemas"]["RtspSourceState"];
export type Running = components["schemas"]["Running"];
export type Said = components["schemas"]["Said"];
export type Sample = components["schemas"]["Sample"];
export type SatelliteSettings = components["schemas"]["SatelliteSettings"];
export type SatelliteSource = components["schemas"]["SatelliteSource"];
export type SatelliteSourceState = components["schemas"]["SatelliteSourceState"];
export type Sent = components["schemas"]["Sent"];
export type SentAgain = components["schemas"]["SentAgain"];
export type ShownSettings = components["schemas"]["ShownSettings"];
export type Snapshot = components["schemas"]["Snapshot"];
export type SoundExample = components["schemas"]["SoundExample"];
export type SoundLabel = components["schemas"]["SoundLabel"];
export type SoundLesson = components["schemas"]["SoundLesson"];
export type SoundPreset = components["schemas"]["SoundPreset"];
export type SoundProposal = components["schemas"]["SoundProposal"];
export type SoundSettings = components["schemas"]["SoundSettings"];
export type Sounds = components["schemas"]["Sounds"];
export type SourceCounts = components["schemas"]["SourceCounts"];
export type SourceStatus = components["schemas"]["SourceStatus"];
export type Stage = components["schemas"]["Stage"];
export type State = components["schemas"]["State"];
export type Step = components["schemas"]["Step"];
export type Steps = components["schemas"]["Steps"];
export type StreamCounts = components["schemas"]["StreamCounts"];
export type StreamPath = components["schemas"]["StreamPath"];
export type StreamPaths = components["schemas"]["StreamPaths"];
export type Test = components["schemas"]["Test"];
export type Tests = components["schemas"]["Tests"];
export type Token = components["schemas"]["Token"];
export type Track = components["schemas"]["Track"];
export type TriedRecording = components["schemas"]["TriedRecording"];
export type TriedRecordings = components["schemas"]["TriedRecordings"];
export type Trouble = components["schemas"]["Trouble"];
export type Undone = components["schemas"]["Undone"];
export type Usb = components["schemas"]["Usb"];
export type VbanCounts = components["schemas"]["VbanCounts"];
export type VbanSettings = components["schemas"]["VbanSettings"];
export type VbanSource = components["schemas"]["VbanSource"];
export type VbanSourceState = components["schemas"]["VbanSourceState"];
export type VbanStream = components["schemas"]["VbanStream"];
export type Verdict = components["schemas"]["Verdict"];
export type Watch = components["schemas"]["Watch"];
export type WebhookSettings = components["schemas"]["WebhookSettings"];
export type Week = components["schemas"]["Week"];
export type WeekOfSource = components["schemas"]["WeekOfSource"];
export type WhatIf = components["schemas"]["WhatIf"];
export type WhenSettings = components["schemas"]["WhenSettings"];
export type WouldBe = components["schemas"]["WouldBe"];
export type WyomingInputSettings = components["schemas"]["WyomingInputSettings"];
export type WyomingSettings = components["schemas"]["WyomingSettings"];
export type WyomingSource = components["schemas"]["WyomingSource"];
export type WyomingSourceState = components["schemas"]["WyomingSourceState"];
export type Answers = components["schemas"]["Answers"];
export type Queries = components["schemas"]["Queries"];
export type ServerEvents = components["schemas"]["ServerEvents"];
export type ClientEvents = components["schemas"]["ClientEvents"];
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
