// One side of a conversation, held by the unchanged @mattermost/client.
//
// The first line of standard input says who and where (JSON); "ready" is printed once the socket is open; a second line
// starts the conversation; the last line printed is what was seen (JSON).

import assert from 'node:assert/strict';

import {WebSocketEvents} from '@mattermost/client';
import type {Post} from '@mattermost/types/posts';

import {log, nextLine, Party, postOf, run} from './party';
import type {Account, Place} from './party';

type Plan = Place & Account & {me: string; peer: string; channel_id: string};

run(async () => {
    const plan: Plan = JSON.parse(await nextLine());
    const {me, peer, channel_id} = plan;
    const party = new Party(plan);
    const {client} = party;
    const say = (message: string, fields: Partial<Post> = {}) => client.createPost({channel_id, message, ...fields});
    const heard = async (message: string) =>
        postOf(await party.event(WebSocketEvents.Posted, (event) => postOf(event).message === message));

    const user = await client.login(plan.username, plan.password);
    assert.equal((await client.getMe()).id, user.id);
    party.socket.addMissedMessageListener(() => {
        throw new Error('missed messages');
    });
    party.listen();
    await party.event(WebSocketEvents.Hello);
    log('ready');
    await nextLine();

    const hello = await say(`hello from ${me}`, {pending_post_id: `${user.id}:${Date.now()}`});
    const theirs = await heard(`hello from ${peer}`);
    await say(`reply from ${me}`, {root_id: theirs.id});
    assert.equal((await heard(`reply from ${peer}`)).root_id, hello.id);
    assert.equal((await client.getPostThread(hello.id)).order[0], hello.id);

    await client.addReaction(user.id, theirs.id, 'thumbsup');
    await party.event(WebSocketEvents.ReactionAdded, ({data}) => JSON.parse(data.reaction).post_id === hello.id);
    await client.patchPost({id: hello.id, message: `edited by ${me}`});
    const edited = await party.event(WebSocketEvents.PostEdited, (event) => postOf(event).id === theirs.id);
    assert.equal(postOf(edited).message, `edited by ${peer}`);

    const form = new FormData();
    form.append('channel_id', channel_id);
    form.append('client_ids', 'mine');
    form.append('files', new Blob([`a file of ${me}\n`.repeat(1000)]), `${me}.txt`);
    const uploaded = (await client.uploadFile(form)).file_infos[0];
    assert(uploaded);
    const filed = await say(`file from ${me}`, {file_ids: [uploaded.id]});
    const got = await heard(`file from ${peer}`);
    assert.equal(got.metadata.files[0]?.name, `${peer}.txt`);
    const theirFile = got.file_ids?.[0] ?? '';
    const fetched = await fetch(client.getFileUrl(theirFile, 0), client.getOptions({method: 'get'}));
    assert.equal(await fetched.text(), `a file of ${peer}\n`.repeat(1000));
    await say(`fetched by ${me}`);
    await heard(`fetched by ${peer}`);
    await client.deletePost(filed.id);
    await party.event(WebSocketEvents.PostDeleted, (event) => postOf(event).id === got.id);
    await say(`done, ${me}`);
    await heard(`done, ${peer}`);

    const seen: string[] = [];
    for (let page = 0; ; page++) {
        const {order, posts} = await client.getPosts(channel_id, page, 3);
        seen.push(...order.flatMap((id) => posts[id] ?? []).filter((post) => !post.type).map((post) => post.message));
        if (order.length < 3) {
            break;
        }
    }
    party.socket.close();
    log(JSON.stringify(seen));
});
