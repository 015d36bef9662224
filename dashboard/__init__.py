"""The Streamlit dashboard: it renders what the library says, and nothing else. In the wheel it is ``icalsync_dashboard``."""
