// A reader whose edges go away: the reliable WebSocket of the unchanged @mattermost/client, with its own pauses.
//
// The first line of standard input says who and where (JSON), with the edges to come to in turn. "ready" is printed once
// the socket is open, "again" whenever it was opened anew. The second line names the last post to wait for; the last
// line printed says what was heard, what was fetched because the socket could not go on, and how often that was (JSON).

import {WebSocketEvents} from '@mattermost/client';
import type {Post} from '@mattermost/types/posts';

import {log, nextLine, Party, postOf, run} from './party';
import type {Account, Place} from './party';

type Plan = Place & Account & {channel_id: string; edges: Array<{host: string; websocket_port: number}>};

run(async () => {
    const plan: Plan = JSON.parse(await nextLine());
    const {channel_id, edges} = plan;
    const heard: Post[] = [];
    const fetched: Post[] = [];
    const has = (id: string) => [...heard, ...fetched].some((post) => post.id === id);
    const connections: string[] = [];
    let turn = 0;
    let missed = 0;

    const party = new Party(plan, {
        newWebSocketFn: (url) => {
            const edge = edges[turn++ % edges.length];
            const address = new URL(url);
            address.host = `${edge?.host}:${edge?.websocket_port}`;
            return new WebSocket(address);
        },
    });
    party.socket.addMessageListener((message) => {
        if (message.event === WebSocketEvents.Hello && message.data.connection_id !== connections.at(-1)) {
            connections.push(message.data.connection_id);
        } else if (message.event === WebSocketEvents.Posted && postOf(message).channel_id === channel_id) {
            heard.push(postOf(message));
        }
    });
    party.socket.addReconnectListener(() => log('again'));
    party.socket.addMissedMessageListener(async () => {
        missed++;
        const since = heard.at(-1)?.create_at ?? 0;
        const {order, posts} = await party.client.getPostsSince(channel_id, since);
        fetched.push(...order.reverse().flatMap((id) => posts[id] ?? []).filter((post) => post.create_at > since));
        party.looked();
    });

    await party.client.login(plan.username, plan.password);
    party.listen();
    await party.event(WebSocketEvents.Hello);
    log('ready');

    const last = await nextLine();
    await party.until('the last post', () => has(last) || undefined);
    party.socket.close();
    const ids = (posts: Post[]) => posts.map((post) => post.id);
    log(JSON.stringify({heard: ids(heard), fetched: ids(fetched), missed, connections: connections.length}));
});
