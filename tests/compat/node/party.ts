// What every program here needs: whom it speaks for, what it hears, and a line of words with the test that started it.

import readline from 'node:readline';

import {Client4, WebSocketClient} from '@mattermost/client';
import type {WebSocketEvents, WebSocketMessage} from '@mattermost/client';
import type {Post} from '@mattermost/types/posts';

const SECONDS = 30;

// Printing is for the test: the library's own words go elsewhere.
export const log = console.log;
console.log = (...said: unknown[]) => console.error(...said);

const lines = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();

export async function nextLine(): Promise<string> {
    const {value, done} = await lines.next();
    if (done) {
        throw new Error('the test said no more');
    }
    return value;
}

export type Place = {host: string; rest_port: number; websocket_port: number};
export type Account = {username: string; password: string};

// The messages that may have this name.
export type Event<Name extends WebSocketEvents, Any = WebSocketMessage> = Any extends {event: infer Names}
    ? Name extends Names
        ? Any
        : never
    : never;

export const postOf = (message: {data: {post: string}}): Post => JSON.parse(message.data.post);

// A client that signs in, and keeps what its WebSocket hears.
export class Party {
    readonly client = new Client4();
    readonly events: WebSocketMessage[] = [];
    readonly socket: WebSocketClient;
    private readonly looks = new Set<() => void>();

    constructor(private readonly place: Place, options: ConstructorParameters<typeof WebSocketClient>[0] = {}) {
        this.client.setUrl(`http://${place.host}:${place.rest_port}`);
        this.socket = new WebSocketClient(options);
        this.socket.addMessageListener((message) => {
            this.events.push(message);
            this.looked();
        });
    }

    listen(): void {
        const {host, websocket_port: port} = this.place;
        this.socket.initialize(`ws://${host}:${port}/api/v4/websocket`, this.client.getToken(), true);
    }

    looked(): void {
        [...this.looks].forEach((look) => look());
    }

    // Waits until `find` finds something; it is asked again after every event, and after `looked`.
    until<T>(what: string, find: () => T | undefined): Promise<T> {
        return new Promise((resolve, reject) => {
            const look = () => {
                const found = find();
                if (found !== undefined) {
                    clearTimeout(timer);
                    this.looks.delete(look);
                    resolve(found);
                }
            };
            const timer = setTimeout(() => {
                const heard = this.events.map((message) => message.event);
                reject(new Error(`waited for ${what} in vain; heard ${heard}`));
            }, SECONDS * 1000);
            this.looks.add(look);
            look();
        });
    }

    event<Name extends WebSocketEvents>(
        name: Name,
        isRight: (message: Event<Name>) => boolean = () => true,
    ): Promise<Event<Name>> {
        const isIt = (message: WebSocketMessage) => message.event === name && isRight(message as Event<Name>);
        return this.until(name, () => this.events.find(isIt) as Event<Name> | undefined);
    }
}

export function run(main: () => Promise<void>): void {
    main().then(
        // Only when what was said has left: a pipe takes 64 KiB at once, and process.exit throws the rest away.
        () => process.stdout.write('', () => process.exit(0)),
        (error) => {
            console.error(error);
            process.exit(1);
        },
    );
}
