"""Sample data is decided by its seed, and every post can be sent in the order of the plan."""

from deploy.cli.sample_plan import Sizes, plan

SIZES = Sizes(users=7, teams=2, channels=5, posts=500)


def test_the_same_seed_says_the_same_and_another_seed_something_else() -> None:
    assert plan(3, SIZES) == plan(3, SIZES)
    assert plan(3, SIZES).posts != plan(4, SIZES).posts
    assert not set(plan(3, SIZES).people) & set(plan(4, SIZES).people)


def test_it_has_the_sizes_asked_for_and_the_first_person_is_in_every_channel() -> None:
    made = plan(1, SIZES)
    assert (len(made.people), len(made.teams), len(made.channels), len(made.posts)) == (7, 2, 5, 500)
    assert all(channel.members[0] == 0 for channel in made.channels)


def test_authors_and_fans_are_members_and_replies_answer_roots_of_their_channel_that_came_before() -> None:
    made = plan(1, SIZES)
    for post in made.posts:
        members = made.channels[post.channel].members
        assert {post.author, *(fan for fan, _ in post.reactions)} <= set(members)
        if post.root is not None:
            root = made.posts[post.root]
            assert (root.channel, root.root) == (post.channel, None)
            assert root.number < post.number
    assert any(post.root is not None for post in made.posts)
    assert any(post.reactions for post in made.posts)
