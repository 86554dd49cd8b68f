"""An example company site in Finnish, Swedish and English."""
