"""Mail: written as it should be, and sent through a real mail server or into a folder."""
